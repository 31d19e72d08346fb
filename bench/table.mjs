// A Markdown table of one suite.

const number = (v) => (v >= 1000 ? Math.round(v).toLocaleString('en-US') : v >= 100 ? v.toFixed(0) : v >= 10 ? v.toFixed(1) : v.toFixed(2));

/** Rows with the best in bold and the others' ratios to it; a geometric mean below the speed test. */
export function table({ title, unit, suite, rows }, names) {
  const more = unit === 'ops/s';
  const line = ({ step, values }) => {
    const known = values.filter((v) => v !== undefined);
    const best = more ? Math.max(...known) : Math.min(...known);
    const cells = values.map((v) => {
      if (v === undefined) return '–';
      const ratio = more ? best / v : v / best;
      return v === best ? `**${number(v)}**` : `${number(v)} (${ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(2)}×)`;
    });
    return `| ${step} | ${cells.join(' | ')} |`;
  };
  const out = [`### ${title}${unit === '' ? '' : `, ${unit}`}`, '', `| | ${names.join(' | ')} |`, `| --- |${' ---: |'.repeat(names.length)}`, ...rows.map(line)];
  if (suite === 'speed' && rows.length > 0) {
    // Only over the steps every engine did; a step below the clock's grain counts as a tenth of a millisecond.
    const whole = rows.filter((r) => r.values.every((v) => v !== undefined));
    const values = names.map((_, i) => (whole.length === 0 ? undefined : Math.exp(whole.reduce((s, r) => s + Math.log(Math.max(r.values[i], 0.1)), 0) / whole.length)));
    out.push(line({ step: `**geometric mean of ${whole.length}**`, values }));
  }
  return out.join('\n');
}
