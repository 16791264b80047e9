// Before reveal.js starts: each slide is laid out once, and what doesn't fit goes to a slide of its
// own below it, code with what it prints if one slide has room for both. The page then holds plain
// slides; nothing is cut and no type is made smaller.
const HEIGHT = 672;

// The pieces of a cell that may stand on different slides.
function pieces(cell) {
  const found = [];
  const add = (node, kind) => {
    const box = document.createElement("div");
    box.className = kind;
    box.append(node);
    found.push(box);
  };
  for (const text of cell.querySelectorAll(".jp-RenderedMarkdown, .jp-MarkdownOutput")) {
    if (!text.closest(".jp-OutputArea-output") || cell.matches(".jp-MarkdownCell")) {
      for (const child of [...text.children]) add(child, "text");
    }
  }
  const source = cell.querySelector(".jp-InputArea .highlight");
  if (source) add(source, "code");
  for (const output of cell.querySelectorAll(".jp-OutputArea-child")) {
    if (output.textContent.trim() || output.querySelector("img, svg, canvas")) add(output, "output");
  }
  return found;
}

// A listing or a table too long for a slide, as several; each slide repeats its heading above it.
const ROOM = HEIGHT - 60;

function split(box) {
  const pre = box.querySelector("pre"), table = box.querySelector("table");
  if (box.offsetHeight <= ROOM) return [box];
  if (table) return parts(box, [...table.querySelectorAll("tbody tr")], (part, rows) =>
    part.querySelector("tbody").replaceChildren(...rows.map((row) => row.cloneNode(true))));
  if (!pre || pre.offsetHeight < 0.8 * box.offsetHeight) return [box];
  return parts(box, pre.innerHTML.split("\n"), (part, lines) => {
    part.querySelector("pre").innerHTML = lines.join("\n");
  });
}

function parts(box, lines, fill) {
  const most = Math.floor(lines.length * (ROOM - 60) / box.offsetHeight);
  const size = Math.ceil(lines.length / Math.ceil(lines.length / most));  // none is much shorter
  const found = [];
  for (let start = 0; start < lines.length; start += size) {
    const part = box.cloneNode(true);
    fill(part, lines.slice(start, start + size));
    found.push(part);
  }
  box.replaceWith(...found);
  return found;
}

// What belongs on one slide: a cell's code and outputs, a heading and a line with a colon with what
// they lead to.
function together(boxes) {
  const groups = [], isTitle = (box) => box.querySelector("h1, h2, h3, h4");
  let before;
  for (const box of boxes) {
    const leads = before?.classList.contains("text") && !isTitle(box)
      && (isTitle(before) || before.textContent.trim().endsWith(":"));
    const follows = box.classList.contains("output") && before && !before.classList.contains("text");
    if (leads || follows) groups.at(-1).push(box);
    else groups.push([box]);
    before = box;
  }
  return groups.flatMap(fitting);
}

// A group that is too tall for a slide is cut before its first output, and then piece by piece.
function fitting(group) {
  if (group.length === 1 || height(group) <= ROOM) return [group];
  const cut = Math.max(1, group.findIndex((box) => box.classList.contains("output")));
  return [...fitting(group.slice(0, cut)), ...fitting(group.slice(cut))];
}

function height(group) {
  return group.at(-1).offsetTop + group.at(-1).offsetHeight - group[0].offsetTop;
}

function layOut(section) {
  section.querySelectorAll(".anchor-link").forEach((link) => link.remove());
  const notes = [...section.querySelectorAll("aside.notes")];
  const boxes = [];
  for (const cell of section.querySelectorAll(".jp-Cell")) {
    if (cell.closest("aside.notes")) continue;
    const fragment = cell.closest(".fragment");
    const parts = pieces(cell);
    const place = [...section.querySelectorAll(".fragment")].indexOf(fragment);
    if (fragment) parts.forEach((part) => part.classList.add("fragment", `of-${place}`));
    boxes.push(...parts);
  }
  section.replaceChildren(...boxes);
  let heading = "", current = section;
  const goOn = () => {
    const next = document.createElement("section");
    current.after(next);
    current = next;
  };
  for (const group of together(boxes.flatMap((box) => split(box)))) {
    const title = group[0].querySelector("h1, h2, h3, h4");
    const first = section.firstElementChild === group[0];
    const needed = height(group);
    if (title) heading = title.textContent;
    const room = section === current
      ? HEIGHT + 24 - (group[0].offsetTop - section.offsetTop)
      : HEIGHT + 48 - current.offsetHeight;
    if (!first && (title || needed > room)) {
      goOn();
      if (heading && !title) {
        const again = document.createElement("p");
        again.className = "again";
        again.textContent = heading;
        current.append(again);
      }
    }
    if (section !== current) current.append(...group);
  }
  section.append(...notes);
}

// What belongs to one answer appears with one key.
function count(section) {
  const order = [];
  const boxes = [...section.querySelectorAll(":scope > div")];
  const hidden = (box) => box.classList.contains("fragment");
  if (boxes.every(hidden)) {  // the key that led to this slide was the answer's
    const first = boxes[0].className;
    boxes.filter((box) => box.className.split(" of-")[1] === first.split(" of-")[1])
      .forEach((box) => box.classList.remove("fragment"));
  }
  for (const box of section.querySelectorAll(":scope > .fragment")) {
    const name = [...box.classList].find((name) => name.startsWith("of-"));
    if (!order.includes(name)) order.push(name);
    box.dataset.fragmentIndex = order.indexOf(name);
  }
}

// An explorer has a slide to itself: its picture takes the room that its controls leave.
const EXPLORER = HEIGHT - 70;

function fit(explorer) {
  const stage = explorer.querySelector(".stage");
  const picture = EXPLORER - (explorer.offsetHeight - stage.offsetHeight);
  stage.style.width = `min(100%, ${Math.floor(picture * stage.style.getPropertyValue("--ratio"))}px)`;
}

const deck = document.getElementById("deck");
const slides = () => [...deck.querySelectorAll("section")].filter((s) => !s.querySelector("section"));
const ahead = [...document.querySelectorAll(".downhill-ahead")];
Promise.all([
  ...[...document.images].map((image) => image.decode().catch(() => {})),
  ...ahead.map((explorer) => explorer.ready),
]).then(() => {
  ahead.forEach(fit);
  slides().forEach(layOut);
  slides().forEach((section) => (section.querySelector("div") ? count(section) : section.remove()));
  for (const stack of [...deck.querySelectorAll(".slides > section")]) {
    if (!stack.querySelector("section")) stack.remove();
  }
  deck.className = "reveal";
  Reveal.initialize({
    width: 1280, height: 720, margin: 0, center: false, hash: true, slideNumber: "c/t",
    transition: "none", plugins: [RevealNotes], minScale: 0.1, maxScale: 4,
  }).then(() => document.documentElement.setAttribute("data-ready", ""));
});
