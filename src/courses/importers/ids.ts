import { COURSE_SLUG } from "../../platform/ids.ts";
import { fail } from "./files.ts";

/** Longest slug of a course, and longest name of an item. */
const LONGEST = 64;
/** Hexadecimal digits that tell two long names apart. */
const HASH_DIGITS = 8;

/** The slug that was asked for, else one made of the source's own name. @throws SourceFault where neither is one. */
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
 * Ids of items, made of what the source calls them, so that importing again gives the same ids. What cannot stand in an
 * id becomes a dash; a name that is changed so far that it may meet another carries a hash of the original.
 */
export class ItemIds {
  readonly #course: string;
  readonly #known = new Map<string, string>();
  readonly #taken = new Set<string>();

  constructor(course: string) {
    this.#course = course;
  }

  /** The id of what the source names so; always the same for the same name. */
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

  /** Whether the source named it before. */
  has(name: string): boolean {
    return this.#known.has(name);
  }
}

/** FNV-1a, 32 bits: short and stable; it tells names apart and protects nothing. */
export function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(HASH_DIGITS, "0");
}
