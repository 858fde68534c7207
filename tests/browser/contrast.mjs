// The contrast of texts, by the Web Content Accessibility Guidelines 2.2, §1.4.3.

/** Runs in the page: returns texts whose contrast to their background is below 4.5. */
export function hardToRead() {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const channels = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => {
    const linear = [r, g, b].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const box = at.matches('g.node') ? getComputedStyle(at.querySelector('.box')).fill : getComputedStyle(at).backgroundColor;
      if (box && channels(box)[3] === 255) return channels(box);
    }
    return [255, 255, 255];
  };
  const found = [];
  let looked = 0;
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!own || element.tagName === 'title' || !element.getClientRects().length || element.closest('.sr, .skip')) continue;
    const style = getComputedStyle(element);
    const text = channels(element.tagName === 'text' ? style.fill : style.color);
    const [light, dark] = [luminance(text), luminance(behind(element))].sort((a, b) => b - a);
    const contrast = (light + 0.05) / (dark + 0.05);
    looked += 1;
    if (contrast < 4.5) found.push(`${element.textContent.trim().slice(0, 30)}: ${contrast.toFixed(2)}`);
  }
  return { looked, found };
}
