// A pad to draw a digit on: with the pointer, or with arrow keys and space.
export default {
  render({ model, el }) {
    const SIDE = 28, ZOOM = 10;
    const pad = document.createElement("canvas");
    pad.width = pad.height = SIDE * ZOOM;
    pad.tabIndex = 0;
    pad.setAttribute("role", "application");
    pad.setAttribute("aria-label", "Drawing pad. Draw a digit with the pointer, or move with the "
      + "arrow keys and hold shift to draw; Delete clears.");
    pad.style.cssText = "border:1px solid #888;background:#000;cursor:crosshair;touch-action:none";
    const frame = document.createElement("div");
    frame.style.cssText = `position:relative;width:${SIDE * ZOOM + 2}px`;
    const pen = document.createElement("div");  // where the arrow keys are
    pen.style.cssText = "position:absolute;width:20px;height:20px;margin:-11px;border:2px solid "
      + "#E69F00;border-radius:50%;pointer-events:none;visibility:hidden";
    frame.append(pad, pen);
    el.appendChild(frame);
    const ink = pad.getContext("2d");
    const small = document.createElement("canvas");
    small.width = small.height = SIDE;
    const grid = small.getContext("2d", { willReadFrequently: true });
    let at = null, spot = [14, 5], own = false, waiting = false;

    function send() {
      if (waiting) return;  // one message for each frame, however fast the hand
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        grid.fillStyle = "#000";
        grid.fillRect(0, 0, SIDE, SIDE);
        grid.imageSmoothingQuality = "high";
        grid.drawImage(pad, 0, 0, SIDE, SIDE);
        const rgba = grid.getImageData(0, 0, SIDE, SIDE).data;
        const bytes = new Uint8Array(SIDE * SIDE).map((_, i) => rgba[4 * i]);
        own = true;
        model.set("pixels", btoa(String.fromCharCode(...bytes)));
        model.save_changes();
        own = false;
      });
    }

    function show() {
      if (own) return;
      const bytes = atob(model.get("pixels"));
      const image = grid.createImageData(SIDE, SIDE);
      for (let i = 0; i < SIDE * SIDE; i++) {
        const shade = bytes.charCodeAt(i);
        image.data.set([shade, shade, shade, 255], 4 * i);
      }
      grid.putImageData(image, 0, 0);
      ink.drawImage(small, 0, 0, pad.width, pad.height);
    }

    function stroke(from, to) {
      ink.strokeStyle = "#fff";
      ink.lineWidth = 2.2 * ZOOM;
      ink.lineCap = ink.lineJoin = "round";
      ink.beginPath();
      ink.moveTo(...from);
      ink.lineTo(...to);
      ink.stroke();
      send();
    }

    const place = (event) => {
      const box = pad.getBoundingClientRect();
      const scale = pad.width / box.width;
      return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    };
    pad.addEventListener("pointerdown", (event) => {
      pad.setPointerCapture(event.pointerId);
      pen.style.visibility = "hidden";
      at = place(event);
      stroke(at, at);
    });
    pad.addEventListener("pointermove", (event) => {
      if (!at) return;
      const to = place(event);
      stroke(at, to);
      at = to;
    });
    for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => { at = null; });

    const MOVES = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
    pad.addEventListener("keydown", (event) => {
      if (event.key === "Delete" || event.key === "Backspace") {
        ink.fillStyle = "#000";
        ink.fillRect(0, 0, pad.width, pad.height);
        send();
      } else if (MOVES[event.key]) {
        const from = spot;
        spot = spot.map((v, i) => Math.min(SIDE - 3, Math.max(2, v + MOVES[event.key][i])));
        pen.style.left = `${spot[0] * ZOOM}px`;
        pen.style.top = `${spot[1] * ZOOM}px`;
        pen.style.visibility = "visible";
        if (event.shiftKey) stroke(from.map((v) => v * ZOOM), spot.map((v) => v * ZOOM));
      } else return;
      event.preventDefault();
      event.stopPropagation();
    });

    pad.addEventListener("blur", () => { pen.style.visibility = "hidden"; });
    model.on("change:pixels", show);
    show();
  },
};
