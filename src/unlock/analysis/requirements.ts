import type { FieldError } from "../../platform/results.ts";
import {
  type ChildrenAsked,
  MAX_REQUIREMENT_DEPTH,
  partsOf,
  type Requirement,
  walkRequirement,
} from "../completion/requirement.ts";
import { shareOf } from "../share.ts";
import { type Entry, isOffered, type Table } from "./table.ts";

/** Kinds of items that are only read, and never get a score. */
const UNSCORED: ReadonlySet<string> = new Set(["page", "file", "link", "label", "folder", "book", "url", "resource"]);

/** Whether an item is completed by completing items of its chapter. */
export function countsChildren({ item }: Entry): boolean {
  let found = false;
  if (item.completion !== undefined) {
    walkRequirement(item.completion, "", (leaf) => {
      if ("children" in leaf) found = true;
    });
  }
  return found;
}

/**
 * The items of a chapter that can count for its completion: offered items that the author does not hide from everybody.
 */
export function countedChildren(table: Table, entry: Entry): readonly Entry[] {
  const inside = table.problemsOf[entry.index] ?? [];
  return inside.filter((child) => isOffered(child.status) && !table.isHidden(child));
}

/** How many of a chapter's items must be complete; for a share by weight, at least one. */
export function neededChildren(asked: ChildrenAsked, total: number): number {
  if ("count" in asked) return asked.count;
  if ("all" in asked) return total;
  return asked.weights === undefined ? shareOf(asked.percent, total) : Math.min(1, total);
}

/** Errors and warnings about the completion requirement of one item. */
export function judgeRequirement(table: Table, entry: Entry): { errors: FieldError[]; warnings: FieldError[] } {
  const errors: FieldError[] = [];
  const warnings: FieldError[] = [];
  const { completion, id, kind } = entry.item;
  if (completion === undefined) return { errors, warnings };
  const isChapter = table.isChapter(entry);
  const root = `${entry.path}.completion`;
  groups(completion, root, 1, errors);
  walkRequirement(completion, root, (leaf, path) => {
    if ("children" in leaf) {
      errors.push(...childrenErrors(table, entry, leaf.children, `${path}.children`));
      return;
    }
    const [operator = ""] = Object.keys(leaf);
    if (!["score", "points", "pass", "submit"].includes(operator)) return;
    const what = operator === "submit" ? "takes no submissions" : "gets no score";
    const isUnscored = kind !== undefined && UNSCORED.has(kind) && operator !== "submit";
    if (!isChapter && !isUnscored) return;
    const which = isChapter ? "a chapter, and a chapter" : `a ${kind}, which usually`;
    warnings.push({
      path: `${path}.${operator}`,
      rule: "never_scored",
      message: `${id} is ${which} ${what}: it becomes complete only if a service reports it.`,
    });
  });
  return { errors, warnings };
}

/** Groups that nest too deeply, or that ask for more parts than they have. */
function groups(requirement: Requirement, path: string, depth: number, errors: FieldError[]): void {
  if (depth > MAX_REQUIREMENT_DEPTH) {
    const message = `A requirement nests at most ${MAX_REQUIREMENT_DEPTH} levels.`;
    errors.push({ path, rule: "too_deep", message });
    return;
  }
  const parts = partsOf(requirement) ?? [];
  if ("at_least" in requirement && requirement.at_least.count > parts.length) {
    const message = `${parts.length} parts are too few to meet ${requirement.at_least.count} of them.`;
    errors.push({ path: `${path}.at_least.count`, rule: "unsatisfiable", message });
  }
  for (const { part, step } of parts) groups(part, `${path}${step}`, depth + 1, errors);
}

function childrenErrors(table: Table, entry: Entry, asked: ChildrenAsked, path: string): FieldError[] {
  const { id } = entry.item;
  const children = countedChildren(table, entry);
  if (children.length === 0) {
    const why = table.isChapter(entry) ? "has no item that counts" : "is not a chapter and contains no items";
    return [{ path, rule: "no_children", message: `${id} ${why}, so its requirement can never be met.` }];
  }
  const errors: FieldError[] = [];
  if ("count" in asked && asked.count > children.length) {
    const message = `${asked.count} of ${children.length} items of ${id} can never be complete.`;
    errors.push({ path: `${path}.count`, rule: "unsatisfiable", message });
  }
  const inside = new Set((table.problemsOf[entry.index] ?? []).map((child) => child.item.id));
  for (const name of Object.keys("percent" in asked ? (asked.weights ?? {}) : {})) {
    if (inside.has(name)) continue;
    errors.push({ path: `${path}.weights.${name}`, rule: "dangling", message: `${name} is not an item of ${id}.` });
  }
  return errors;
}
