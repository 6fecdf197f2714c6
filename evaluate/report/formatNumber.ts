/** A figure for readers: four significant digits, whole numbers in full with thin groups, a dash for NaN or null. */
export function formatNumber(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '-∞';
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e15) return groupDigits(String(value));
  if (size < 1e-4 || size >= 1e9) return value.toExponential(3).replace('e+', 'e');
  if (size >= 1000) return groupDigits(value.toFixed(0));
  return Number(value.toPrecision(4)).toString();
}

/** Thin spaces between groups of three, from five digits on. */
function groupDigits(digits: string): string {
  return digits.length < 5 ? digits : digits.replace(/\B(?=(\d{3})+$)/g, '\u2009');
}
