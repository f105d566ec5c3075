/**
 * The part of an address that begins with "?", or nothing. What is undefined or null is left out. Written by hand, because
 * `URLSearchParams` is only half there in React Native and has no `size` in older browsers.
 */
export function queryOf(values: object): string {
  const parts = Object.entries(values).flatMap(([name, value]: [string, unknown]) =>
    value === undefined || value === null ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`],
  );
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}
