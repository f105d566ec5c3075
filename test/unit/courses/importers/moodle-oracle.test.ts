import { describe, expect, it } from "vitest";
import type { ImportedDocument } from "../../../../src/courses/importers/document.ts";
import { MoodleFiles } from "../../../../src/courses/importers/moodle/files.ts";
import { MoodleMap } from "../../../../src/courses/importers/moodle/map.ts";
import { MoodleNames } from "../../../../src/courses/importers/moodle/names.ts";
import { PageOrder } from "../../../../src/courses/importers/moodle/order.ts";
import { QuestionBank } from "../../../../src/courses/importers/moodle/questions.ts";
import { ReportBuilder } from "../../../../src/courses/importers/report.ts";
import { engineReasons, engineStates, programOf } from "../../../support/courses/engine.ts";
import { outcomeOf } from "../../../support/courses/imported-rules.ts";
import {
  type Case,
  courseOf,
  knownOf,
  namedParts,
  type Oracle,
  oracleSchema,
  reasonsOfCase,
} from "../../../support/courses/moodle-oracle.ts";
import { misfits } from "../../../support/courses/moodle-random/reasons.ts";
import { courseJson, hasCourses } from "../../../support/courses/sources.ts";

/** A failure that Moodle hides from the learner: none of the four states that items have here. */
const HIDDEN_FAILURE = 4;

function documentOf(oracle: Oracle, one: Case): ImportedDocument {
  const course = courseOf(oracle, one);
  const order = new PageOrder(course);
  const map = new MoodleMap(course, {
    order,
    names: new MoodleNames(course, order, "oracle"),
    report: new ReportBuilder(),
    files: new MoodleFiles(),
    questions: new QuestionBank(),
  });
  return map.document("oracle");
}

function itemsOf(document: ImportedDocument) {
  return document.chapters.flatMap((chapter) => chapter.problems ?? []);
}

function targetOf(document: ImportedDocument, one: Case) {
  const item = itemsOf(document).find(({ title }) => title.en === one.target);
  if (item === undefined) throw new Error(`no item ${one.target}`);
  return item;
}

function stateOf(oracle: Oracle, one: Case): string {
  const item = targetOf(documentOf(oracle, one), one);
  const outcome = outcomeOf(item.rule, knownOf(oracle, one));
  if (item.visibility === "hidden" || outcome === "hidden") return "hidden";
  if (item.visibility === "unlisted") return outcome === "open" ? "open_unlisted" : "hidden";
  return outcome === "open" ? "open" : "greyed";
}

/** The same by the engine, with what it says that fails. */
function byEngine(oracle: Oracle, one: Case) {
  const document = documentOf(oracle, one);
  const { now, states, scores, cohorts, profile } = knownOf(oracle, one);
  const common = { user: "student", at: new Date(now).toISOString() };
  const facts = [
    ...[...states].map(([item, state]) => ({ ...common, item, state })),
    ...[...scores].map(([item, score]) => ({ ...common, item, score })),
  ];
  const learner = { now, facts, cohorts: [...cohorts], profile: Object.fromEntries(profile) };
  const program = programOf(document);
  const found = engineStates(program, learner);
  const { id } = targetOf(document, one);
  const state = found.get(id) ?? "absent";
  const named = (cm: number) => {
    const item = itemsOf(document).find((item) => item.id.endsWith(`-${cm}`))?.id;
    return item === undefined || found.get(item) === "hidden" ? undefined : item;
  };
  return { state: state === "locked" ? "greyed" : state, reasons: engineReasons(program, learner, id), named };
}

/** Why a case is not asked at all, or null: what a role or a switch of the site decides is not in a course. */
function leftOut({ user, cfg, facts, expected }: Case): string | null {
  if (user.startsWith("teacher")) return "staff of the course";
  if (user === "student_allgroups" || user === "student_ignorecap") return "a right that students do not have";
  if (cfg?.enableavailability === 0) return "a site without conditions";
  if (cfg?.allowstealth === 0) return "a site without unlisted activities";
  if (expected.state === "php_error") return "the page of the platform failed";
  return Object.values(facts.completion).includes(HIDDEN_FAILURE) ? "a failure hidden from the learner" : null;
}

/** Why a case is asked of the rules and not of the engine, or null. */
function notByEngine(one: Case): string | null {
  if (JSON.stringify(one).includes("COURSE")) return "the course total";
  return one.id.startsWith("profile-custom-missing") ? "that a site lacks a field, no backup says" : null;
}

describe.skipIf(!hasCourses)("the answers of a real Moodle 4.5.6", () => {
  const oracle = hasCourses ? oracleSchema.parse(courseJson("moodle/oracle.json")) : null;
  const cases = oracle?.cases.filter((one) => leftOut(one) === null) ?? [];

  it("are equal to those of the imported rules, case by case", () => {
    if (oracle === null) return;
    const differences = cases.flatMap((one) => {
      const state = stateOf(oracle, one);
      return state === one.expected.state ? [] : [`${one.id}: ${state}, Moodle says ${one.expected.state}`];
    });
    expect(differences).toEqual([]);
  });

  it("are equal to those of the engine, with the same reasons", () => {
    if (oracle === null) return;
    const course = namedParts(oracle);
    const asked = cases.filter((one) => notByEngine(one) === null);
    let told = 0;
    const differences = asked.flatMap((one) => {
      const { state, reasons, named } = byEngine(oracle, one);
      if (state !== one.expected.state) return [`${one.id}: ${state}, Moodle says ${one.expected.state}`];
      if (state !== "greyed" || one.availability === undefined) return [];
      told += 1;
      const around = { course, at: oracle.ids.cm[one.target] ?? 0, isActivity: true, named };
      return misfits(reasonsOfCase(oracle, one), reasons, around).map((wrong) => `${one.id}: ${wrong}`);
    });
    expect(differences).toEqual([]);
    expect(asked.length).toBeGreaterThan(500);
    expect(told).toBeGreaterThan(100);
  });
});
