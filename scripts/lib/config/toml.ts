/** What a key may hold in our configuration. */
export type Value = string | number | boolean | readonly string[] | { readonly [key: string]: string | number };

/** A table of TOML. */
export interface Section {
  /** What is in the brackets. */
  path: string;
  /** One of several tables under the same path. */
  isList?: boolean;
  /** Written above it as a comment. */
  why?: string | undefined;
  entries: { key: string; value: Value; why?: string | undefined }[];
}

/** Tables as people read them: one a paragraph, each key on a line, with the comments. */
export function spacious(prefix: string, sections: readonly Section[]): string {
  return sections
    .map(({ path, isList, why, entries }) =>
      [
        ...comment(why),
        isList === true ? `[[${prefix}${path}]]` : `[${prefix}${path}]`,
        ...entries.flatMap((entry) => [...comment(entry.why), line(entry)]),
      ].join("\n"),
    )
    .join("\n\n");
}

/** The same tables below a prefix and without comments: those of a list on a line each. */
export function compact(prefix: string, sections: readonly Section[]): string {
  const blocks = new Map<string, string[]>();
  const block = (path: string) => {
    const found = blocks.get(path) ?? [];
    blocks.set(path, found);
    return found;
  };
  // What belongs to the prefix itself must stand before any of its tables.
  block("");
  for (const [path, list] of Map.groupBy(sections, (section) => section.path)) {
    if (list[0]?.isList !== true) {
      block(path).push(...list.flatMap(({ entries }) => entries.map(line)));
      continue;
    }
    const rows = list.map(({ entries }) => `  { ${entries.map(line).join(", ")} },`);
    const dot = path.lastIndexOf(".");
    block(dot < 0 ? "" : path.slice(0, dot)).push(`${path.slice(dot + 1)} = [`, ...rows, "]");
  }
  return [...blocks]
    .map(([path, lines]) =>
      [path === "" ? "" : `[${prefix}${path}]`, ...lines].filter((text) => text !== "").join("\n"),
    )
    .join("\n\n");
}

/** One `key = value`. */
export function line({ key, value }: { key: string; value: Value }): string {
  return `${/^[\w-]+$/.test(key) ? key : JSON.stringify(key)} = ${text(value)}`;
}

/** Lines of a comment. */
export function comment(why: string | undefined): string[] {
  return why === undefined ? [] : why.split("\n").map((words) => `# ${words}`);
}

function text(value: Value): string {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  // A string of JSON is one of TOML: both escape alike.
  if (typeof value === "string") return JSON.stringify(value);
  if (isList(value)) return `[${value.map((one) => JSON.stringify(one)).join(", ")}]`;
  if (Object.keys(value).length === 0) return "{}";
  return `{ ${Object.entries(value)
    .map(([key, one]) => line({ key, value: one }))
    .join(", ")} }`;
}

function isList(value: Value): value is readonly string[] {
  return Array.isArray(value);
}
