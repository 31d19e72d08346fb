// Development only: a rough stand-in for the engine's DNS rules.
const problem = (message: string, line?: number) => ({ severity: 'error', message, ...(line ? { line } : {}) });
const HOST = /^(?:[a-z0-9_*](?:[a-z0-9_-]*[a-z0-9])?\.)*[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\.?$/i;
function check(r: { type: string; content: string }) {
  const c = r.content;
  if (r.type === 'A') return /^(\d{1,3}\.){3}\d{1,3}$/.test(c) && c.split('.').every((x) => +x < 256) ? [] : [problem(`"${c}" is not an IPv4 address`)];
  if (r.type === 'AAAA') return /^[0-9a-f:.]+$/i.test(c) && c.includes(':') ? [] : [problem(`"${c}" is not an IPv6 address`)];
  if (['CNAME', 'NS', 'PTR', 'MX'].includes(r.type)) return HOST.test(c) ? [] : [problem(`"${c}" is not a host name`)];
  return c === '' ? [problem('the content is empty')] : [];
}
export function dnsRules() {
  return {
    async validate(_z: string, r: any) { return { content: r.content.replace(/\.$/, ''), prio: r.prio, problems: check(r) }; },
    async parseZone(text: string, origin: string) {
      const records: any[] = []; const problems: any[] = []; let ttl = 3600; let owner = origin;
      const abs = (n: string) => (n === '@' ? origin : n.endsWith('.') ? n.slice(0, -1) : `${n}.${origin}`).toLowerCase();
      text.split('\n').forEach((l, i) => {
        l = l.replace(/;.*/, ''); if (!l.trim()) return;
        const t = l.trim().split(/\s+/);
        if (t[0] === '$TTL') { ttl = +t[1]; return; }
        if (t[0] === '$ORIGIN') return;
        if (!/^\s/.test(l)) owner = abs(t.shift()!);
        let rttl = ttl; if (/^\d+$/.test(t[0])) rttl = +t.shift()!; if (t[0] === 'IN') t.shift();
        const type = t.shift(); if (!type || !/^[A-Z]+$/.test(type)) { problems.push(problem('no record type', i + 1)); return; }
        let prio = 0; if (type === 'MX' || type === 'SRV') prio = +t.shift()!;
        if (['NS', 'CNAME', 'PTR', 'MX'].includes(type)) t[0] = abs(t[0]); if (type === 'SOA') { t[0] = abs(t[0]); t[1] = abs(t[1]); } if (type === 'SRV') t[2] = abs(t[2]);
        const r = { name: owner, type, content: t.join(' '), ttl: rttl, prio };
        for (const p of check(r)) problems.push({ ...p, line: i + 1 }); records.push(r);
      });
      return { origin, records, problems };
    },
    async checkZone(_z: string, records: any[]) {
      return records.flatMap((r, record) => check(r).map((p) => ({ ...p, record })));
    },
    async bumpSerial(content: string, _today: number) {
      return content.replace(/^(\S+ \S+ )(\d+)/, (_, names, serial) => names + (Number(serial) + 1));
    },
    async formatZone(origin: string, records: any[]) {
      return `$ORIGIN ${origin}.\n` + records.map((r) => `${r.name}. ${r.ttl} IN ${r.type} ${['MX', 'SRV'].includes(r.type) ? `${r.prio} ` : ''}${r.content}${['NS', 'CNAME', 'MX', 'PTR', 'SRV'].includes(r.type) ? '.' : ''}`).join('\n') + '\n';
    },
  };
}
