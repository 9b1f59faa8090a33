// Reads a page as a browser's tokenizer would, strictly: what it cannot read, it refuses.

export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** Only of script and style: what stands inside. */
  readonly raw: string;
}

export interface Page {
  readonly elements: readonly Element[];
  /** All text outside script and style, entities decoded. */
  readonly text: string;
}

const VOID = new Set(['meta', 'br', 'hr', 'img', 'link', 'input']);
const TAG = /<(\/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[a-zA-Z][a-zA-Z0-9-]*(?:="[^"<>]*")?)*)\s*(\/?)>/y;
const ATTRIBUTE = /([a-zA-Z][a-zA-Z0-9-]*)(?:="([^"]*)")?/g;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** Throws where tags are not balanced or a `<` begins no tag. */
export function readPage(html: string): Page {
  const elements: Element[] = [];
  const open: string[] = [];
  let text = '';
  let at = html.startsWith('<!doctype html>') ? '<!doctype html>'.length : 0;
  while (at < html.length) {
    const next = html.indexOf('<', at);
    text += decode(html.slice(at, next < 0 ? html.length : next));
    if (next < 0) break;
    TAG.lastIndex = next;
    const match = TAG.exec(html);
    if (match === null) throw new Error(`no tag at ${next}: ${html.slice(next, next + 80)}`);
    const [whole, slash = '', name = '', attributes = '', selfClosing = ''] = match;
    at = next + whole.length;
    if (slash === '/') {
      const expected = open.pop();
      if (expected !== name) throw new Error(`</${name}> closes <${expected}> at ${next}`);
      continue;
    }
    let raw = '';
    if (name === 'script' || name === 'style') {
      const end = html.toLowerCase().indexOf(`</${name}`, at);
      raw = html.slice(at, end);
      at = end;
    }
    elements.push({ name, attributes: readAttributes(attributes), raw });
    if (!VOID.has(name) && selfClosing === '') open.push(name);
  }
  if (open.length > 0) throw new Error(`not closed: ${open.join(' ')}`);
  return { elements, text };
}

function readAttributes(source: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [, name = '', value = ''] of source.matchAll(ATTRIBUTE)) found.set(name, decode(value));
  return found;
}

function decode(text: string): string {
  return text.replace(/&(#?\w+);?/g, (whole, name: string) => {
    const character = ENTITIES[name];
    if (character === undefined) throw new Error(`unknown entity ${whole}`);
    return character;
  });
}
