(() => {
  const parts = (colour) => {
    const found = colour.match(/^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/);
    if (!found) throw new Error("no colour: " + colour);
    return found.slice(1).map((part) => (part === undefined ? 1 : Number(part)));
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => {
      c /= 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ratio = (a, b) => {
    const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const colour = parts(getComputedStyle(element).backgroundColor);
      if (colour[3] === 1) return colour;
      if (colour[3] > 0) throw new Error("half-transparent: " + element.outerHTML.slice(0, 100));
    }
    return [255, 255, 255, 1];
  };
  const told = { seen: 0, faint: [], cut: [] };
  const check = (text, colour, element) => {
    told.seen++;
    const found = ratio(parts(colour), behind(element));
    if (found < 4.5) told.faint.push({ text, ratio: found });
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const text = node.data.trim();
    const element = node.parentElement;
    const range = document.createRange();
    range.selectNode(node);
    const box = range.getBoundingClientRect();
    if (!text || box.width < 1 || box.height < 1 || element.closest("style, script, title, desc")) continue;
    const style = getComputedStyle(element);
    check(text, element instanceof SVGElement ? style.fill : style.color, element);
    const before = getComputedStyle(element, "::before");
    if (before.content !== "none") check(before.content, before.color, element);
    const picture = element.closest("svg");
    if (picture) {
      const frame = picture.getBoundingClientRect();
      if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1) told.cut.push(text);
    }
  }
  return told;
})()
