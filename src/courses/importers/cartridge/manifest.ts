import { fail, type SourceFile } from "../files.ts";
import { child, childrenOf, childText, descend, readXml, type XmlElement } from "../xml.ts";

/** The manifest of a Common Cartridge (IMS CC 1.1 to 1.3). */
export interface Manifest {
  /** The version in the file, such as `1.3.0`. */
  version: string;
  title: string | null;
  /** The items below the root of the first organization. */
  items: ManifestItem[];
  /** By identifier. */
  resources: Map<string, Resource>;
}

export interface ManifestItem {
  identifier: string;
  title: string | null;
  /** Identifier of a resource; folders have none. */
  ref: string | null;
  children: ManifestItem[];
  line: number;
}

export interface Resource {
  identifier: string;
  type: string;
  /** Path of the file that opens it, unescaped; null if it names none. */
  href: string | null;
  /** Paths of all its files. */
  files: string[];
  /**
   * Whether it belongs to another resource: it is needed there, or shows that resource to systems that do not know its
   * kind.
   */
  isPartOfOther: boolean;
}

export const MANIFEST = "imsmanifest.xml";

export function readManifest(file: SourceFile): Manifest {
  const root = readXml(file);
  if (root.name !== "manifest")
    fail(`${file.path}:${root.line}`, "no_manifest", "The first element is not a manifest.");
  const metadata = child(root, "metadata");
  const title = descend(metadata, "lom", "general", "title");
  const resources = childrenOf(child(root, "resources"), "resource");
  const needed = new Set(
    resources.flatMap((one) => childrenOf(one, "dependency").map((other) => other.attributes.get("identifierref"))),
  );
  const organization = descend(root, "organizations", "organization");
  const top = childrenOf(organization, "item");
  const [only] = top;
  // In CC's rooted hierarchy, one item without a title contains all others.
  const isRoot = top.length === 1 && only !== undefined && child(only, "title") === undefined;
  return {
    version: childText(metadata, "schemaversion") ?? "unknown",
    title: childText(title, "string") ?? childText(title, "langstring"),
    items: (isRoot ? childrenOf(only, "item") : top).map(itemOf),
    resources: new Map(resources.map((element) => resourceOf(element, needed))),
  };
}

function itemOf(element: XmlElement): ManifestItem {
  return {
    identifier: element.attributes.get("identifier") ?? `line-${element.line}`,
    title: childText(element, "title"),
    ref: element.attributes.get("identifierref") ?? null,
    children: childrenOf(element, "item").map(itemOf),
    line: element.line,
  };
}

function resourceOf(element: XmlElement, needed: ReadonlySet<string | undefined>): [string, Resource] {
  const identifier = element.attributes.get("identifier") ?? "";
  const files = childrenOf(element, "file").flatMap((file) => file.attributes.get("href") ?? []);
  const href = element.attributes.get("href") ?? files[0] ?? null;
  return [
    identifier,
    {
      identifier,
      type: element.attributes.get("type") ?? "",
      href: href === null ? null : unescaped(href),
      files: files.map(unescaped),
      isPartOfOther: needed.has(identifier) || child(element, "variant") !== undefined,
    },
  ];
}

/** A path in the form that archives use: `%20` is a blank. Anything that is not an escape stays. */
function unescaped(href: string): string {
  try {
    return decodeURIComponent(href);
  } catch {
    return href;
  }
}

/** Kinds of resources, by a part of their type. */
const KINDS: readonly (readonly [string, string])[] = [
  ["imsqti", "quiz"],
  ["imsdt", "discussion"],
  ["imswl", "link"],
  ["imsbasiclti", "tool"],
  ["assignment", "assignment"],
];

/** The kind of item for a resource. Pages and files have the same type and are distinguished by their names. */
export function kindOf({ type, href }: Resource): string {
  const known = KINDS.find(([part]) => type.includes(part))?.[1];
  return known ?? (/\.x?html?$/i.test(href ?? "") ? "page" : "file");
}

const PLURALS: Readonly<Record<string, string>> = {
  quiz: "quizzes",
  discussion: "discussions",
  link: "links",
  tool: "tools",
  assignment: "assignments",
  page: "pages",
};

/**
 * What the source contains but no item shows, by kinds in the plural. Files are not counted, because texts show them.
 */
export function unshown({ resources }: Manifest, isShown: (resource: Resource) => boolean): string[] {
  return [...resources.values()].flatMap((resource) => {
    if (resource.isPartOfOther || resource.type.startsWith("associatedcontent/") || isShown(resource)) return [];
    return PLURALS[kindOf(resource)] ?? [];
  });
}
