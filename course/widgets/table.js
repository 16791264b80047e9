// What a kernel would answer, from a table: frames in the order of its axes, each made of one piece
// from every column.
async function start(data, place) {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const { spec, axes, stills, columns } = JSON.parse(await new Response(plain).text());
  const heard = {}, now = { spec };
  const model = {
    get: (name) => now[name],
    on: (event, act) => { heard[event] = act; },
    off: (event) => { delete heard[event]; },
    send({ values, press }) {
      let row = 0, exact = true;
      const met = {};
      for (const [name, known] of Object.entries(axes)) {
        const wanted = values[name], text = JSON.stringify(wanted);  // lists are equal by content
        const at = typeof wanted === "number" ? nearest(known, wanted)
          : known.findIndex((value) => JSON.stringify(value) === text);
        if (at < 0) throw new Error(`${name} ${text} was not computed ahead`);
        row = row * known.length + at;
        met[name] = known[at];
        exact &&= JSON.stringify(met[name]) === text;
      }
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
