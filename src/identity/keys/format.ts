// A key looks like lk_<id>_<secret><checksum>. The prefix and the checksum are for scanners: they show that a text in a
// log or a repository is a key, and not a random text. Only its SHA-256 is ever stored.

/** What every key begins with. */
export const KEY_PREFIX = "lk_";
const ID_LENGTH = 12;
/** 40 characters of 62 are 238 bits. Nobody can guess it, so a fast hash is enough to store it. */
const SECRET_LENGTH = 40;
const CHECKSUM_LENGTH = 6;
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";

const KEY = new RegExp(
  `^(lk_([0-9a-z]{${ID_LENGTH}})_[0-9A-Za-z]{${SECRET_LENGTH}})([0-9A-Za-z]{${CHECKSUM_LENGTH}})$`,
);

/** A fresh id of a key. */
export function newKeyId(): string {
  return randomText(ID_DIGITS, ID_LENGTH);
}

/** A fresh key of this id. It is shown once, and never stored. */
export function newKey(id: string): string {
  const body = `${KEY_PREFIX}${id}_${randomText(DIGITS, SECRET_LENGTH)}`;
  return body + checksum(body);
}

/** The id in a text that has the form of a key and its checksum; null for any other text. */
export function idOfKey(text: string): string | null {
  const [, body, id, sum] = KEY.exec(text) ?? [];
  return body !== undefined && id !== undefined && sum === checksum(body) ? id : null;
}

function checksum(body: string): string {
  let rest = crc32(body);
  let text = "";
  for (let at = 0; at < CHECKSUM_LENGTH; at += 1) {
    text = DIGITS.charAt(rest % DIGITS.length) + text;
    rest = Math.floor(rest / DIGITS.length);
  }
  return text;
}

/** CRC-32 (ISO 3309), as zip and Ethernet have it. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let at = 0; at < text.length; at += 1) {
    crc ^= text.charCodeAt(at);
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** Every character is equally likely: bytes that would make the first ones more likely are drawn again. */
function randomText(digits: string, length: number): string {
  const fair = 256 - (256 % digits.length);
  let text = "";
  while (text.length < length) {
    const [byte = 0] = crypto.getRandomValues(new Uint8Array(1));
    if (byte < fair) text += digits.charAt(byte % digits.length);
  }
  return text;
}
