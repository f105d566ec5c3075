/** FNV-1a over UTF-16 units, 32 bits, unsigned: spreads ids evenly and quickly. No protection against anybody. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
