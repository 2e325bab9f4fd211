/** Numbers as pictures show them. */

const minus = '\u2212';
const thinSpace = '\u202f';

/** Four significant digits at most, no trailing zeros: 0.01234, 12.3, 1.2e-7, 18 400. */
export function compact(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : `${minus}∞`;
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e7))
    return value.toExponential(Math.min(2, digits - 1)).replace(/-/g, minus);
  const text = size >= 10 ** digits ? String(Math.round(size)) : String(Number(size.toPrecision(digits)));
  const [whole = '', fraction] = text.split('.');
  return (value < 0 ? minus : '') + grouped(whole) + (fraction ? `.${fraction}` : '');
}

/** An integer with its thousands set apart from five digits on. */
export function grouped(whole: string | number): string {
  const text = String(whole);
  return text.length < 5 ? text : text.replace(/\B(?=(\d{3})+$)/g, thinSpace);
}

/** A number with fixed decimals and a true minus. */
export function fixed(value: number, digits: number): string {
  return value.toFixed(digits).replace('-', minus);
}

/** 4.2 s, 1:05, 2:13:09. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const two = (part: number) => String(part).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/**
 * Round values between low and high, about `wanted` of them, and at least two: 1, 2 or 5 times a power of ten apart.
 */
export function ticks(low: number, high: number, wanted: number): number[] {
  if (!(high > low)) return [low];
  const raw = (high - low) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(raw));
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10].map((factor) => factor * power);
  const within = (step: number) => [Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)] as const;
  let at = steps.findIndex((candidate) => candidate >= raw * 0.75);
  while (at > 0 && within(steps[at]!)[1] <= within(steps[at]!)[0]) at--;
  const step = steps[at]!;
  const [first, last] = within(step);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** A round number at an axis: 1e−6, not 1.00e−6. */
export function tickText(value: number, digits = 4): string {
  return compact(value, digits).replace(/\.?0+e/, 'e');
}

/** What stands at ticks: as many digits as tell each from the next. */
export function tickTexts(values: readonly number[]): string[] {
  const most = Math.max(...values.map(Math.abs));
  const step = Math.abs((values[1] ?? 0) - (values[0] ?? 0));
  const digits = step > 0 ? Math.ceil(Math.log10(most / step) + 1) : 4;
  return values.map((value) => tickText(value, Math.min(12, Math.max(4, digits))));
}
