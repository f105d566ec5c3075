import { fail, type SourceFile } from "../files.ts";
import { child, childrenOf, childText, readXml, type XmlElement } from "../xml.ts";

export interface CanvasModule {
  identifier: string;
  title: string | null;
  isPublished: boolean;
  position: number;
  /** RFC 3339. The file means UTC without saying so. */
  unlockAt: string | null;
  isSequential: boolean;
  /** How many requirements are enough; null means all. */
  requirementCount: number | null;
  prerequisites: string[];
  requirements: Requirement[];
  items: CanvasItem[];
  line: number;
}

export interface CanvasItem {
  identifier: string;
  /** `WikiPage`, `Assignment`, `Quizzes::Quiz`, `ContextModuleSubHeader`… */
  type: string;
  isPublished: boolean;
  title: string | null;
  ref: string | null;
  url: string | null;
  line: number;
}

interface Requirement {
  type: string;
  /** Identifier of the module item, not of the page or quiz that it shows. */
  item: string;
  minScore: number | null;
  minPercentage: number | null;
}

/** When work may be submitted. */
export interface Window {
  opens?: string;
  due?: string;
  closes?: string;
}

/**
 * Reads `course_settings/module_meta.xml`. Modules are sorted by position; those with equal positions keep the order of
 * the file.
 */
export function readModules(file: SourceFile): CanvasModule[] {
  const root = readXml(file);
  if (root.name !== "modules") fail(`${file.path}:${root.line}`, "no_modules", "The first element is not `modules`.");
  return childrenOf(root, "module")
    .map((element, index) => moduleOf(element, index + 1))
    .sort((a, b) => a.position - b.position);
}

function moduleOf(element: XmlElement, otherwise: number): CanvasModule {
  const items = childrenOf(child(element, "items"), "item").map(itemOf);
  return {
    identifier: element.attributes.get("identifier") ?? "",
    title: childText(element, "title"),
    isPublished: childText(element, "workflow_state") !== "unpublished",
    position: numberOf(element, "position") ?? otherwise,
    unlockAt: instantOf(childText(element, "unlock_at")),
    isSequential: childText(element, "require_sequential_progress") === "true",
    requirementCount: numberOf(element, "requirement_count"),
    prerequisites: childrenOf(child(element, "prerequisites"), "prerequisite").map(
      (one) => childText(one, "identifierref") ?? "",
    ),
    requirements: childrenOf(child(element, "completionRequirements"), "completionRequirement").map((one) => ({
      type: one.attributes.get("type") ?? "",
      item: childText(one, "identifierref") ?? "",
      minScore: numberOf(one, "min_score"),
      minPercentage: numberOf(one, "min_percentage"),
    })),
    items: items.sort((a, b) => a.position - b.position),
    line: element.line,
  };
}

function itemOf(element: XmlElement, index: number): CanvasItem & { position: number } {
  return {
    identifier: element.attributes.get("identifier") ?? "",
    type: childText(element, "content_type") ?? "",
    isPublished: childText(element, "workflow_state") !== "unpublished",
    title: childText(element, "title"),
    ref: childText(element, "identifierref"),
    url: childText(element, "url"),
    position: numberOf(element, "position") ?? index + 1,
    line: element.line,
  };
}

/** The window in `assignment_settings.xml`, or in the assignment within `assessment_meta.xml`. */
export function readWindow(file: SourceFile): Window {
  const root = readXml(file);
  const element = root.name === "quiz" ? (child(root, "assignment") ?? root) : root;
  const edges = { opens: "unlock_at", due: "due_at", closes: "lock_at" } as const;
  const window: Window = {};
  for (const edge of ["opens", "due", "closes"] as const) {
    const instant = instantOf(childText(element, edges[edge]) ?? childText(root, edges[edge]));
    if (instant !== null) window[edge] = instant;
  }
  return window;
}

function numberOf(element: XmlElement, name: string): number | null {
  const text = childText(element, name);
  const number = Number(text);
  return text === null || !Number.isFinite(number) ? null : number;
}

/** @param text `2022-01-17T16:00:00`, in UTC; null if it is not such a date. */
function instantOf(text: string | null): string | null {
  if (text === null) return null;
  const ms = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}
