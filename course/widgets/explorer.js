// An explorer in a page: its controls, its picture, play, and what is dragged or drawn in it.
// Who answers may be a kernel or a table that was computed ahead: `model` is the same to both.

const SPEEDS = { slow: 500, normal: 125, fast: 40 };  // milliseconds from one picture to the next
const ARROWS = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
const PATIENCE = 2000;  // milliseconds without an answer, after which a line says so
const SILENT = "No answer yet: the kernel is busy with another cell, or it was restarted. In that "
  + "case run this cell again.";

function make(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value);
  }
  // Keys belong to what has the focus; JupyterLab looks for this on the very element.
  if (node.tabIndex >= 0) node.setAttribute("data-lm-suppress-shortcuts", "true");
  node.append(...children);
  return node;
}

export function asNumber(text) {
  const plain = text.trim().replace("\u2212", "-");
  if (/^-?[1-9]\d{0,2}(,\d{3})+$/.test(plain)) {
    const both = [plain.replaceAll(",", ""), plain.replaceAll(",", ".")];
    throw new Error(`“${text}” may be ${both[0]} or ${both[1]}: write it without the comma.`);
  }
  if (!/^[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?$/i.test(plain)) {
    throw new Error(`“${text}” is not a number. Write it like 0.05 or 1e-4.`);
  }
  return Number(plain.replace(",", "."));
}

const shortly = (value) => String(Number(value.toPrecision(6))).replace("-", "\u2212");

// Where among its positions a value stands: by ratio where all are positive.
export function nearest(positions, value) {
  const scale = positions[0] > 0 ? Math.log : (v) => v;
  let best = 0;
  positions.forEach((p, i) => {
    const far = Math.abs(scale(p) - scale(value));
    if (far < Math.abs(scale(positions[best]) - scale(value))) best = i;
  });
  return best;
}

// Data coordinates <-> shares of the way along an axis, whose values at equal distances are known.
function share(known, value) {
  const up = known.at(-1) > known[0], n = known.length - 1;
  let i = known.findIndex((v) => (up ? v >= value : v <= value));
  i = Math.min(n, Math.max(1, i < 0 ? n : i));
  return (i - 1 + (value - known[i - 1]) / (known[i] - known[i - 1])) / n;
}
function along(known, part) {
  const n = known.length - 1, i = Math.min(n - 1, Math.floor(part * n));
  return Number((known[i] + (part * n - i) * (known[i + 1] - known[i])).toPrecision(4));
}

function python(value) {
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}

function render({ model, el }) {
  const spec = model.get("spec");
  const me = Math.random().toString(36).slice(2);
  let values = { ...model.get("frame").values };
  let count = 0, waiting = null, stale = false, timer = null;
  const rows = {};  // by control: show(value)

  const words = make("p", { role: "status", class: "words" });
  const notice = make("p", { role: "alert", class: "notice" });
  const image = make("img", { alt: "" });
  const marks = make("div", { class: "marks" });
  const stage = make("div", { class: "stage" }, image, marks);

  function ask(extra = {}) {
    if (waiting) { stale = true; return; }
    waiting = `${me}-${++count}`;
    el.ariaBusy = "true";
    clearTimeout(timer);
    timer = setTimeout(() => { notice.textContent = SILENT; }, PATIENCE);
    model.send({ values, press: waiting, ...extra });
  }

  function want(changes) {
    values = { ...values, ...changes };
    trouble("");
    showControls();
    ask();
  }

  function trouble(text) {
    notice.textContent = text;
  }

  function showControls() {
    for (const [name, show] of Object.entries(rows)) show(values[name]);
  }

  function showStill() {
    const below = model.get("below");
    image.src = below.image;
    stage.style.setProperty("--ratio", below.width / below.height);
    stage.dispatchEvent(new Event("moved"));
  }

  function showFrame() {
    const frame = model.get("frame");
    const answered = frame.press === waiting;
    if (answered) {
      waiting = null;
      el.ariaBusy = "false";
      clearTimeout(timer);
      if (notice.textContent === SILENT) trouble("");
    }
    marks.innerHTML = frame.marks;
    words.textContent = frame.words;
    if (frame.note) trouble(frame.note);
    if (answered && stale) {
      stale = false;
      ask();
    } else if (!waiting) {
      values = { ...frame.values };
      showControls();
    }
    stage.dispatchEvent(new Event("moved"));
  }

  function number(name, { label, positions, whole, shown }) {
    const last = positions.length - 1, id = `${me}-${name}`;
    const range = [positions[0], positions[last]].map(shortly).join(" to ");
    const slider = make("input", { type: "range", id, min: 0, max: last, step: 1 });
    const box = make("input", {
      type: "text", inputmode: "decimal", autocomplete: "off", title: range,
      "aria-label": `${label}, as a number from ${range}`,
    });
    slider.addEventListener("input", () => want({ [name]: positions[slider.value] }));
    let typing = false;  // what is half typed isn't overwritten
    box.addEventListener("input", () => { typing = true; });
    const typed = () => {
      typing = false;
      if (box.value === shortly(values[name])) return;
      try {
        const value = asNumber(box.value);
        if (value < positions[0] || value > positions[last]) {
          throw new Error(`${label} goes from ${range}, and ${box.value} came.`);
        }
        if (whole && value !== Math.round(value)) {
          throw new Error(`${label} takes whole numbers, and ${box.value} came.`);
        }
        want({ [name]: value });
      } catch (error) {
        trouble(`${error.message} It stays at ${shortly(values[name])}.`);
        rows[name](values[name]);
      }
    };
    box.addEventListener("change", typed);
    box.addEventListener("keydown", (event) => { if (event.key === "Enter") typed(); });
    rows[name] = (value) => {
      slider.value = nearest(positions, value);
      slider.setAttribute("aria-valuetext", shortly(value));
      if (!typing) box.value = shortly(value);
    };
    if (!shown) return [];
    return [make("div", { class: "row" }, make("label", { for: id }, label), slider, box)];
  }

  function choice(name, { label, options }) {
    const buttons = options.map((option) =>
      make("button", { type: "button", onclick: () => want({ [name]: option }) }, option));
    rows[name] = (value) => options.forEach((option, i) =>
      buttons[i].setAttribute("aria-pressed", String(option === value)));
    return [make("div", { class: "row", role: "group", "aria-label": label },
      make("span", { class: "label" }, label), ...buttons)];
  }

  // Points put into a picture: the pointer, or the arrow keys and then Enter; 1, 2, ... the class.
  function pointsOf(name, { label, classes, axes }) {
    let kind = 0;
    const buttons = classes.map((text, i) => make("button", {
      type: "button", title: `key ${i + 1}`, onclick: () => { kind = i; rows[name](); },
    }, text));
    const put = (x, y) => want({ [name]: [...values[name], [x, y, kind]] });
    pointer(axes, `${label}: click, or arrow keys and then Enter to put one; `
      + "a number key chooses its class, Backspace takes the last away", {
      press: put,
      key: (event, x, y) => {
        if (event.key === "Enter" || event.key === " ") put(x, y);
        else if (event.key === "Backspace") want({ [name]: values[name].slice(0, -1) });
        else if (classes[event.key - 1]) { kind = event.key - 1; rows[name](); } else return false;
        return true;
      },
    });
    rows[name] = () => buttons.forEach((b, i) => b.setAttribute("aria-pressed", String(i === kind)));
    return [make("div", { class: "row", role: "group", "aria-label": label },
      make("span", { class: "label" }, label), ...buttons,
      make("button", { type: "button", onclick: () => want({ [name]: values[name].slice(0, -1) }) },
        "take the last away"),
      make("button", { type: "button", onclick: () => want({ [name]: [] }) }, "take all away"))];
  }

  // A picture to draw: with the pointer, or with the arrow keys while shift is held.
  function pad(name, { label, axes, side }) {
    const SHARP = 10, size = side * SHARP;  // drawn finer than it is sent
    const paper = make("canvas", {
      class: "pad", width: size, height: size, tabindex: 0, role: "application",
      "aria-label": `${label}: draw with the pointer, or move with the arrow keys and hold shift to `
        + "draw; Delete clears",
    });
    const pen = make("div", { class: "handle" });  // where the arrow keys are
    const small = make("canvas", { width: side, height: side });
    const ink = paper.getContext("2d"), grid = small.getContext("2d", { willReadFrequently: true });
    let at = null, spot = [side / 2, side / 6].map(Math.round), sent = null, drawn = false;

    const send = () => {
      if (drawn) return;  // one message for each frame, however fast the hand
      drawn = true;
      requestAnimationFrame(() => {
        drawn = false;
        grid.imageSmoothingQuality = "high";
        grid.drawImage(paper, 0, 0, side, side);
        const rgba = grid.getImageData(0, 0, side, side).data;
        const bytes = new Uint8Array(side * side).map((_, i) => rgba[4 * i]);
        sent = btoa(String.fromCharCode(...bytes));
        want({ [name]: sent });
      });
    };
    rows[name] = (value) => {
      if (at || drawn || value === sent) return;  // the hand's own drawing is the finer one
      sent = value;
      const bytes = atob(value), image = grid.createImageData(side, side);
      image.data.forEach((_, i) => { image.data[i] = i % 4 < 3 ? bytes.charCodeAt(i >> 2) : 255; });
      grid.putImageData(image, 0, 0);
      ink.drawImage(small, 0, 0, size, size);
    };
    const stroke = (from, to) => {
      ink.strokeStyle = "#fff";
      ink.lineWidth = 2.2 * SHARP;
      ink.lineCap = ink.lineJoin = "round";
      ink.beginPath();
      ink.moveTo(...from);
      ink.lineTo(...to);
      ink.stroke();
      send();
    };
    const place = (event) => {
      const box = paper.getBoundingClientRect(), scale = size / box.width;
      return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    };
    paper.addEventListener("pointerdown", (event) => {
      paper.setPointerCapture(event.pointerId);
      pen.style.visibility = "hidden";
      at = place(event);
      stroke(at, at);
    });
    paper.addEventListener("pointermove", (event) => {
      if (!at) return;
      const to = place(event);
      stroke(at, to);
      at = to;
    });
    for (const end of ["pointerup", "pointercancel"]) paper.addEventListener(end, () => { at = null; });
    paper.addEventListener("keydown", (event) => {
      const step = ARROWS[event.key];
      if (event.key === "Delete" || event.key === "Backspace") {
        ink.fillRect(0, 0, size, size);
        send();
      } else if (step) {
        const from = spot;
        spot = spot.map((v, i) => Math.min(side - 3, Math.max(2, v + [step[0], -step[1]][i])));
        pen.style.left = `${100 * spot[0] / side}%`;
        pen.style.top = `${100 * spot[1] / side}%`;
        pen.style.visibility = "visible";
        if (event.shiftKey) stroke(from.map((v) => v * SHARP), spot.map((v) => v * SHARP));
      } else return;
      event.preventDefault();
      event.stopPropagation();
    });
    paper.addEventListener("blur", () => { pen.style.visibility = "hidden"; });
    lay(paper, axes);
    lay(make("div", { class: "over" }, pen), axes);
    return [];
  }

  // Lay a node over one of the axes, whose place and size follow the window's.
  function lay(node, axes) {
    stage.append(node);
    stage.addEventListener("moved", () => {
      const { width, height, axes: { [axes]: { box: [x, y, w, h] } } } = model.get("below");
      const percent = { left: x / width, top: y / height, width: w / width, height: h / height };
      for (const [side, part] of Object.entries(percent)) node.style[side] = `${100 * part}%`;
    });
  }

  // A layer over one of the axes that knows where in the data it is touched.
  function pointer(axes, label, { press, move = () => {}, key, place }) {
    const handle = make("div", { class: "handle" });
    const layer = make("div", {
      class: "pointer", tabindex: 0, role: "application", "aria-label": label,
    }, handle);
    const frame = () => model.get("below").axes[axes];
    let at = [0.5, 0.5], down = false;
    const data = () => [along(frame().x, at[0]), along(frame().y, at[1])];
    const shown = () => {
      handle.style.left = `${100 * at[0]}%`;
      handle.style.top = `${100 * (1 - at[1])}%`;
    };
    const touch = (event, act) => {
      const box = layer.getBoundingClientRect();
      at = [(event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height]
        .map((v) => Math.min(1, Math.max(0, v)));
      shown();
      act(...data());
    };
    layer.addEventListener("pointerdown", (event) => {
      layer.setPointerCapture(event.pointerId);
      down = true;
      touch(event, press);
    });
    layer.addEventListener("pointermove", (event) => { if (down) touch(event, move); });
    for (const end of ["pointerup", "pointercancel"]) {
      layer.addEventListener(end, () => { down = false; });
    }
    layer.addEventListener("keydown", (event) => {
      const step = ARROWS[event.key];
      if (step) {
        const size = event.shiftKey ? 0.05 : 0.01;
        at = at.map((v, i) => Math.min(1, Math.max(0, v + size * step[i])));
        shown();
        move(...data());
      } else if (!key || !key(event, ...data())) return;
      event.preventDefault();
      event.stopPropagation();
    });
    lay(layer, axes);
    stage.addEventListener("moved", () => {
      if (place && !down) {
        const [a, b] = place();
        at = [share(frame().x, a), b === null ? 0.5 : share(frame().y, b)];
      }
      shown();
    });
    return layer;
  }

  function dragged(axes, [first, second]) {
    const names = [first, second].filter(Boolean);  // a number along one axis has no other
    const set = (...at) => want(Object.fromEntries(names.map((name) => {
      const { positions, whole } = spec.controls[name];
      const value = Math.min(positions.at(-1), Math.max(positions[0], at[name === first ? 0 : 1]));
      return [name, whole ? Math.round(value) : value];
    })));
    const labels = names.map((name) => spec.controls[name].label).join(" and ");
    const layer = pointer(axes, `${labels}: drag, or use the arrow keys`, {
      press: set, move: set, place: () => [values[first], second ? values[second] : null],
    });
    layer.classList.toggle("always", names.length === 2);
  }

  function player(moved) {
    let running = null, late = false;  // late: the next picture waits for the answer to the last
    const isControl = moved !== "next", positions = isControl && spec.controls[moved].positions;
    const toggle = make("button", { type: "button" });
    const speed = make("select", { "aria-label": "speed" },
      ...Object.keys(SPEEDS).map((name) => make("option", {}, name)));
    speed.value = "normal";
    const step = () => {
      if (waiting) return true;  // what was asked for last has not come yet
      if (!isControl) { ask({ next: true }); return true; }
      const next = nearest(positions, values[moved]) + 1;
      if (next < positions.length) want({ [moved]: positions[next] });
      return next < positions.length - 1;
    };
    const say = () => {
      toggle.textContent = running ? "❚❚ pause" : "▶ play";
    };
    const stop = () => {
      clearTimeout(running);
      running = null;
      late = false;
      say();
    };
    let seen = null;
    const tick = () => {
      late = Boolean(waiting);
      if (late) return;
      const { marks: now, words: told } = model.get("frame");
      const ended = seen === now + told;  // diverged, or arrived: nothing moves
      seen = now + told;
      if (!el.isConnected || ended || !step()) { stop(); return; }
      running = setTimeout(tick, SPEEDS[speed.value]);
    };
    stage.addEventListener("moved", () => { if (running && late) tick(); });
    toggle.addEventListener("click", () => {
      if (running) { stop(); return; }
      const atEnd = isControl && nearest(positions, values[moved]) === positions.length - 1;
      if (atEnd) want({ [moved]: positions[0] });
      seen = null;
      running = setTimeout(tick, 0);
      say();
    });
    say();
    return [toggle, make("button", { type: "button", onclick: () => { stop(); step(); } },
      "step"), speed];
  }

  function asCode() {
    const line = make("input", { type: "text", readonly: "", "aria-label": "this state as code" });
    const copy = make("button", { type: "button" }, "copy");
    copy.addEventListener("click", async () => {
      line.select();
      await navigator.clipboard.writeText(line.value);
      copy.textContent = "copied";
      setTimeout(() => { copy.textContent = "copy"; }, 1500);
    });
    stage.addEventListener("moved", () => {
      const state = Object.entries(values).map(([name, value]) => `${name}=${python(value)}`);
      line.value = `${spec.call}${state.join(", ")})`;
    });
    return make("details", { class: "code" }, make("summary", {}, "this state as a line of code"),
      make("div", { class: "row" }, line, copy));
  }

  el.classList.add("downhill-explorer");
  el.classList.toggle("lecture", Boolean(spec.lecture));
  el.setAttribute("role", "group");
  el.setAttribute("aria-label", spec.title);
  const kinds = { Number: number, Choice: choice, Points: pointsOf, Pad: pad };
  const shown = Object.entries(spec.controls)
    .flatMap(([name, control]) => kinds[control.kind](name, control));
  el.append(make("div", { class: shown.length > 3 ? "two columns" : "" }, ...shown));
  for (const [axes, names] of Object.entries(spec.drag)) dragged(axes, names);
  const bar = make("div", { class: "bar" });
  if (spec.play) bar.append(...player(spec.play), make("span", { class: "gap" }));
  for (const [name, changes] of Object.entries(spec.presets)) {
    bar.append(make("button", { type: "button", onclick: () => want(changes) }, name));
  }
  el.append(bar, words, notice, stage);
  if (spec.call) el.append(asCode());
  if (spec.note) el.append(make("p", { class: "small" }, spec.note));
  model.on("change:below", showStill);
  model.on("change:frame", showFrame);
  showStill();
  showFrame();
  return () => {
    model.off("change:below", showStill);
    model.off("change:frame", showFrame);
  };
}

export default { render };
