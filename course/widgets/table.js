// What a kernel would answer, from a table: frames in the order of its grids, each made of one piece
// from every column. The first grid has all values with each other, others what a button sets.
async function start(data, place) {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const { spec, grids, stills, columns } = JSON.parse(await new Response(plain).text());
  const heard = {}, now = { spec };
  const model = {
    get: (name) => now[name],
    on: (event, act) => { heard[event] = act; },
    off: (event) => { delete heard[event]; },
    send({ values, press }) {
      const same = (name) => {
        const text = JSON.stringify(values[name]);  // lists are equal by content
        return (value) => JSON.stringify(value) === text;
      };
      const has = (axes) => Object.entries(axes).every(([name, known]) => known.some(same(name)));
      const exact = grids.some(has), grid = exact ? grids.findIndex(has) : 0;
      const size = (axes) => Object.values(axes).reduce((all, known) => all * known.length, 1);
      let at = 0;
      const met = {};
      for (const [name, known] of Object.entries(grids[grid])) {
        const wanted = values[name];
        const place = typeof wanted === "number" ? nearest(known, wanted)
          : known.findIndex(same(name));
        if (place < 0) throw new Error(`${name} ${JSON.stringify(wanted)} was not computed ahead`);
        at = at * known.length + place;
        met[name] = known[place];
      }
      const row = grids.slice(0, grid).reduce((sum, axes) => sum + size(axes), at);
      const [said, ...parts] = columns.map(({ pieces, at }) => pieces[at[row]] ?? "");
      const note = exact ? "" : "Computed ahead for some values only: the nearest is shown.";
      now.frame = {
        values: met, press, note, words: said, marks: parts.join(""),
      };
      const before = now.below;
      now.below = stills.pieces[stills.at[row]];
      if (now.below !== before) heard["change:below"]?.();
      heard["change:frame"]?.();
    },
  };
  model.send({ values: spec.presets.reset });
  place.replaceChildren();
  render({ model, el: place });
}
