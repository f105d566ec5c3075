/**
 * The part of an address that begins with "?", or nothing. Undefined and null values are left out. Written by hand,
 * because React Native has only a part of `URLSearchParams`, and older browsers have no `size`.
 */
export function queryOf(values: object): string {
  const parts = Object.entries(values).flatMap(([name, value]: [string, unknown]) =>
    value === undefined || value === null ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`],
  );
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}
