// Colours for the canvas, taken from the page's style, so that light, dark and print need no second list.

/** @param {string} name a CSS variable without its dashes */
export function themeColour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif';

/** Line patterns by number; the style sheet's .dash1 and .dash2 draw the same. */
export const DASHES = [[], [7, 4], [2, 3]];

/** Calls `redraw` whenever the colours change: light to dark and back, and for paper, which is always light. */
export function onThemeChange(redraw) {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  addEventListener('beforeprint', () => {
    document.documentElement.dataset.theme = 'light';
    redraw();
  });
  addEventListener('afterprint', () => {
    delete document.documentElement.dataset.theme;
    redraw();
  });
}
