import { useEffect, useState } from "react";
import { ApiProblem, type FieldError } from "../../../api/problem.ts";
import { request } from "../../../api/request.ts";
import type { CoursePreview } from "../../../api/types.ts";
import { jsonBody } from "../../../lib/json-body.ts";
import { findingsIn, type ItemFinding } from "./place-findings.ts";
import { type Snapshot, textOf, treeOf } from "./text.ts";
import { countOf, type Tree } from "./tree.ts";

/**
 * Time without typing before a document is checked, milliseconds; it is longer for a large one, because it is sent as a
 * whole.
 */
const QUIET_MS = 700;
const LARGE = { items: 1_000, quiet_ms: 4_000 };

export interface MadeUpLearner {
  completed: readonly string[];
  cohorts: readonly string[];
}

export interface Check {
  /** The checked outline. */
  tree: Tree;
  findings: ItemFinding[];
  /** What an invented learner would see; null if there are errors. */
  preview: CoursePreview | null;
}

export const NEWCOMER: MadeUpLearner = { completed: [], cohorts: [] };

/** All faults of a document together, and what an invented learner would see. */
async function checkTree(
  course: string,
  { tree, text }: { tree: Tree; text: string },
  learner: MadeUpLearner,
  signal: AbortSignal,
): Promise<Check> {
  // The document is a text already: a large one is not written twice.
  const json = await jsonBody({ learner }, "document", text, { raw: true });
  try {
    const preview = await request<CoursePreview>(`/courses/${course}/preview`, { method: "POST", json, signal });
    return { tree, findings: findingsIn(tree, preview.warnings, false), preview };
  } catch (fault) {
    if (!(fault instanceof ApiProblem) || fault.problem.errors === undefined) throw fault;
    const { errors, warnings } = fault.problem;
    const found = findingsIn(tree, errors, true);
    return { tree, findings: [...found, ...findingsIn(tree, listOf(warnings), false)], preview: null };
  }
}

/** Members of a refusal that its schema does not name. */
function listOf(value: unknown): FieldError[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown) => {
    if (typeof entry !== "object" || entry === null || !("path" in entry && "rule" in entry && "message" in entry))
      return [];
    return [{ path: String(entry.path), rule: String(entry.rule), message: String(entry.message) }];
  });
}

/** Checks a document when nothing was typed for a moment. The last result stays until there is a newer one. */
export function useCheck(course: string, snapshot: Snapshot, isLoaded: boolean, learner: MadeUpLearner) {
  const [check, setCheck] = useState<Check | null>(null);
  const [isChecking, setIsChecking] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => {
    const tree = isLoaded ? treeOf(snapshot) : null;
    if (tree === null) return undefined;
    const abort = new AbortController();
    setIsChecking(true);
    const quiet = countOf(tree) > LARGE.items ? LARGE.quiet_ms : QUIET_MS;
    const timer = setTimeout(() => {
      checkTree(course, { tree, text: textOf(snapshot) }, learner, abort.signal).then(
        (found) => {
          if (abort.signal.aborted) return;
          setCheck(found);
          setFault(null);
          setIsChecking(false);
        },
        (reason: unknown) => {
          if (abort.signal.aborted) return;
          setFault(reason);
          setIsChecking(false);
        },
      );
    }, quiet);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [course, snapshot, isLoaded, learner]);
  return { check, isChecking, fault };
}
