// The names above a chart: each hides or shows its line, and carries the value under the cursor.

/** @returns what the chart asks: which series are shown, and where to write values */
export function legendOf(figure, idle, onToggle) {
  const box = figure.querySelector('.legend');
  const entries = [...box.querySelectorAll('button')];
  const isShown = (index) => entries[index]?.getAttribute('aria-pressed') !== 'false';
  for (const [index, entry] of entries.entries()) {
    entry.addEventListener('click', () => {
      entry.setAttribute('aria-pressed', String(!isShown(index)));
      onToggle(index, isShown(index));
    });
  }
  const write = (index, text) => {
    const output = entries[index]?.querySelector('output');
    if (output && output.textContent !== text) output.textContent = text;
  };
  // Values under the cursor are shorter than summaries: without this the chart would jump when it is pointed at.
  const hold = () => {
    box.style.minHeight = '';
    box.style.minHeight = `${box.offsetHeight}px`;
  };
  return { isShown, write, hold, summary: (values, format) => summary(values, idle, format) };
}

/** What stands there while nobody points. */
function summary(values, idle, format) {
  const known = values.filter((value) => value !== null && value !== undefined);
  if (known.length === 0) return 'no data';
  const most = known.reduce((a, b) => Math.max(a, b));
  const mean = known.reduce((a, b) => a + b, 0) / known.length;
  return `${idle} ${format(idle === 'mean' ? mean : most)}`;
}
