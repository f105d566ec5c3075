/** Sign, digits with an optional point, optional exponent. The pattern never backtracks, whatever the input. */
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * Reads a decimal number (`-3`, `.5`, `1e3`) or a fraction of two (`3/4`), with white space around it. Anything else
 * gives null: hexadecimal, `Infinity`, `NaN`, a comma, an empty answer, a division by zero, a number too large for a
 * double.
 */
export function parseNumber(text: string): number | null {
  const parts = text.split("/", 3).map((part) => part.trim());
  const [numerator, denominator = "1"] = parts;
  if (parts.length > 2 || numerator === undefined) return null;
  if (!DECIMAL.test(numerator) || !DECIMAL.test(denominator)) return null;
  const value = Number(numerator) / Number(denominator);
  return Number.isFinite(value) ? value : null;
}

/** Longest name of a unit, in characters. */
export const MAX_UNIT = 30;

/**
 * Reads a number and the unit after it: `3.5 km`, `20°C`, `3/4 m/s`. The unit begins with the first character after
 * which nothing can belong to a number; it is "" if there is none. Null if the text does not begin with a number.
 */
export function parseMeasure(text: string): { value: number; unit: string } | null {
  const whole = parseNumber(text);
  if (whole !== null) return { value: whole, unit: "" };
  const trimmed = text.trim();
  // The longest beginning that is a number. It ends near the end of the text, because a unit has few characters.
  for (let cut = trimmed.length - 1; cut > 0 && trimmed.length - cut <= MAX_UNIT + 1; cut -= 1) {
    const value = parseNumber(trimmed.slice(0, cut));
    if (value === null) continue;
    const unit = trimmed.slice(cut).trim();
    return unit.length > MAX_UNIT || /^[\d.,/+-]/.test(unit) ? null : { value, unit };
  }
  return null;
}
