// Text from files, processes and event lines, made safe to look at.
//
// Evidence may be any bytes. Control characters would steer a terminal, and bidirectional marks would make a line
// read differently from what it is; both are shown as escapes instead.

// C0 without tab and newline, DEL, C1, bidirectional controls, line separators, byte order mark, lone surrogates.
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Keeps tabs and newlines. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** For one line of a terminal: tabs and newlines become spaces. */
export function printableLine(text: string): string {
  return printable(text.replace(/[\t\r\n]+/g, ' '));
}

/** At most `length` characters; what was cut from the middle is shown by an ellipsis. */
export function shorten(text: string, length: number): string {
  const characters = [...text];
  if (characters.length <= length) return text;
  const tail = Math.floor((length - 1) / 2);
  const head = Math.max(0, length - 1 - tail);
  return `${characters.slice(0, head).join('')}…${tail > 0 ? characters.slice(-tail).join('') : ''}`;
}

/** Names that fit: machines' domains go first, and names that would then look the same keep their ends. */
export function shortNames(names: readonly string[], length: number): ReadonlyMap<string, string> {
  const fits = (name: string): string => {
    const host = name.split('.')[0] ?? name;
    return [...name].length <= length ? name : shorten(host === '' ? name : host, length);
  };
  const short = names.map(fits);
  const isTwin = (label: string): boolean => short.filter((other) => other === label).length > 1;
  return new Map(
    names.map((name, index) => {
      const label = short[index] ?? name;
      return [name, isTwin(label) && label !== name ? `…${[...name].slice(1 - length).join('')}` : label];
    }),
  );
}
