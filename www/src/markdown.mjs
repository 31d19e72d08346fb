// As much Markdown as our own files use: headings, paragraphs, lists, tables, fenced code, `code`, **bold**, [links](…).
import { escape, html, js, raw, sh, slug, sql, typeset } from './html.mjs';

const COLOURS = { js, sql, sh };

/** A line's inside. `link` says where an address leads, undefined for nowhere. */
function inline(text, link) {
  return text.split(/(``.+?``|`[^`]*`)/).map((part, i) => {
    if (i % 2 === 1) return `<code>${escape(part.replace(/^(``?)\s?|\s?(``?)$/g, ''))}</code>`;
    return escape(typeset(part))
      .replace(/\*\*(.+?)\*\*/g, '<strong>$1</strong>')
      .replace(/\[([^\]]+)\]\(([^)]+)\)/g, (_, label, to) => {
        const target = link(to);
        return target === undefined ? label : `<a href="${target}">${label}</a>`;
      });
  }).join('').replace(/\[((?:<code>)[^\]]*(?:<\/code>))\]\(([^)]+)\)/g, (_, label, to) => {
    const target = link(to);
    return target === undefined ? label : `<a href="${target}">${label}</a>`;
  });
}

/** A file as markup. */
export function markdown(text, link = () => undefined) {
  const out = [];
  const lines = text.replace(/<!--[^]*?-->/g, '').split('\n');
  for (let i = 0; i < lines.length;) {
    const line = lines[i];
    const rest = (test) => { const from = i; while (i < lines.length && test(lines[i])) i++; return lines.slice(from, i); };
    if (line.trim() === '') i++;
    else if (line.startsWith('```')) {
      i++;
      const code = rest((l) => !l.startsWith('```')).join('\n');
      i++;
      out.push(html`<pre><code>${(COLOURS[line.slice(3)] ?? ((t) => t))(code)}</code></pre>`);
    } else if (/^#+ /.test(line)) {
      const [, marks, title] = /^(#+) (.*)$/.exec(line);
      out.push(raw(`<h${marks.length} id="${slug(title)}">${inline(title, link)}</h${marks.length}>`));
      i++;
    } else if (line.startsWith('|')) out.push(table(rest((l) => l.startsWith('|')), link));
    else if (line.startsWith('- ')) {
      const items = rest((l) => l.trim() !== '').join('\n').slice(2).split('\n- ');
      out.push(raw(`<ul>${items.map((t) => `<li>${inline(t.replace(/\n\s*/g, ' '), link)}</li>`).join('')}</ul>`));
    } else out.push(raw(`<p>${inline(rest((l) => l.trim() !== '' && !/^([|#-]|```)/.test(l)).join(' '), link)}</p>`));
  }
  return out;
}

function table([head, marks, ...body], link) {
  const cells = (line) => line.split(/(?<!\\)\|/).slice(1, -1).map((c) => inline(c.trim(), link));
  const right = marks.split('|').slice(1, -1).map((m) => (m.trim().endsWith(':') ? ' class="num"' : ''));
  const row = (tag, line) => `<tr>${cells(line).map((c, i) => `<${tag}${right[i]}>${c}</${tag}>`).join('')}</tr>`;
  const top = cells(head).some((c) => c !== '') ? `<thead>${row('th', head)}</thead>` : '';
  return raw(`<div class="scroll"><table>${top}<tbody>${body.map((l) => row('td', l)).join('')}</tbody></table></div>`);
}
