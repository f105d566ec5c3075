import { COURSE_SLUG } from "../../platform/ids.ts";
import { fail } from "./files.ts";

/** The longest slug of a course, and the longest name of an item. */
const LONGEST = 64;
/** Hexadecimal digits that distinguish two long names. */
const HASH_DIGITS = 8;

/** The requested slug, else one made from the source's own name. @throws SourceFault if neither gives a valid slug. */
export function courseSlug(asked: string | undefined, own: string, path: string): string {
  const slug =
    asked ??
    own
      .normalize("NFKD")
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .slice(0, LONGEST)
      .replace(/^-+|-+$/g, "");
  if (COURSE_SLUG.test(slug)) return slug;
  const name = JSON.stringify(asked ?? own);
  return fail(
    asked === undefined ? path : "course",
    "invalid_format",
    `No course slug can be made from ${name}; choose one.`,
  );
}

/**
 * Makes ids of items from the names in the source, so that importing again gives the same ids. Characters that an id
 * may not have become dashes. If a name changes so much that it could equal another, a hash of the original is added.
 */
export class ItemIds {
  readonly #course: string;
  readonly #known = new Map<string, string>();
  readonly #taken = new Set<string>();

  constructor(course: string) {
    this.#course = course;
  }

  /** The id for a name in the source; always the same for the same name. */
  of(name: string): string {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const plain = name
      .toLowerCase()
      .replace(/[^a-z0-9_-]+/g, "-")
      .replace(/^[-_]+|[-_]+$/g, "");
    const isPlain = plain !== "" && plain === name.toLowerCase() && plain.length <= LONGEST;
    const hash = `-${hashOf(name)}`;
    const short = isPlain
      ? plain
      : `${plain.slice(0, LONGEST - hash.length).replace(/[-_]+$/, "")}${hash}`.replace(/^-/, "");
    const free = this.#taken.has(short) ? `${short.slice(0, LONGEST - hash.length)}${hash}` : short;
    const id = `${this.#course}.${free}`;
    this.#taken.add(free);
    this.#known.set(name, id);
    return id;
  }

  /** Whether the source has used this name before. */
  has(name: string): boolean {
    return this.#known.has(name);
  }
}

/** FNV-1a, 32 bits: short and stable. It distinguishes names and protects nothing. */
export function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(HASH_DIGITS, "0");
}
