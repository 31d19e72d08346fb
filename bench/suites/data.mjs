// The same data for every engine.

/** Whole numbers below `n`, the same every time. */
export function random(seed) {
  let s = seed;
  return (n) => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
    return Math.floor((s / 2 ** 32) * n);
  };
}

const ONES = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve', 'thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen'];
const TENS = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];

/** A number in English words. */
export function numberName(n) {
  if (n >= 1000) return `${numberName(Math.floor(n / 1000))} thousand${n % 1000 > 0 ? ` ${numberName(n % 1000)}` : ''}`;
  if (n >= 100) return `${ONES[Math.floor(n / 100)]} hundred${n % 100 > 0 ? ` ${numberName(n % 100)}` : ''}`;
  if (n >= 20) return `${TENS[Math.floor(n / 10)]}${n % 10 > 0 ? ` ${ONES[n % 10]}` : ''}`;
  return ONES[n];
}
