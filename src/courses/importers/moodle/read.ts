// Over 350 lines: each file of a backup is read here, in any order, into one model.

import { type FileSink, fail } from "../files.ts";
import { child, childrenOf, descend, type Takers, type XmlElement, xmlSink } from "../xml.ts";
import { STANDARD_FIELDS } from "./conditions.ts";
import { MoodleFiles } from "./files.ts";
import { type GradeItem, type MoodleCourse, type MoodleModule, releaseOf } from "./model.ts";
import { QuestionBank, slotsOf } from "./questions.ts";
import { textOf } from "./texts.ts";
import { availabilityOf } from "./trees.ts";
import { isSet, optional, optionalNumber, optionalTime } from "./values.ts";

/** A backup that was unpacked and packed again is in a folder of its own. */
const TOP = /^[^/]+\/(?=(?:activities|sections|course)\/|[a-z_]+\.xml$)/;
const ACTIVITY = /^activities\/([a-z0-9_]+)_(\d+)\/([a-z0-9_]+)\.xml$/;
const SECTION = /^sections\/section_(\d+)\/section\.xml$/;
const WHOLE = [
  "moodle_backup.xml",
  "course/course.xml",
  "gradebook.xml",
  "groups.xml",
  "users.xml",
  "roles.xml",
  "course/roles.xml",
  "course/enrolments.xml",
  "completion.xml",
  "files.xml",
  "questions.xml",
];

/** Files of the backup that are only about people. */
const OF_PEOPLE_ALONE = ["users.xml", "roles.xml", "course/roles.xml", "course/enrolments.xml"];

/** Elements of an activity with texts by people. They are not read, and dropped as soon as they end. */
const OF_PEOPLE = ["submission", "attempt", "discussion", "grade", "entry", "record", "answer", "response", "override"];
const DROPPED: Takers = Object.fromEntries(OF_PEOPLE.map((name) => [name, () => undefined]));

/** Longest stored setting of an activity, and the limit of all texts of a course together, in UTF-16 code units. */
const MAX_SETTING = 1_000;
const MAX_TEXTS = 16_000_000;

/**
 * Standard profile fields that a condition may use. Texts that learners wrote about themselves have no limit, and no
 * condition uses them.
 */
const PROFILE = [...STANDARD_FIELDS].filter((field) => field !== "description");

/** Reads the files of a backup in any order. The model keeps their data, never the files. */
export class BackupReader {
  readonly course: MoodleCourse = {
    shortname: "",
    fullname: "",
    release: releaseOf(""),
    backupAt: 0,
    sections: [],
    modules: new Map(),
    gradeItems: new Map(),
    groups: new Map(),
    groupings: new Map(),
    people: { users: new Map(), enrolled: new Map(), students: null },
  };
  /** Activities in the order of the manifest. */
  readonly listed: { id: number; title: string | null; directory: string }[] = [];
  readonly files = new MoodleFiles();
  readonly questions = new QuestionBank();
  /** The completion settings of the course as a whole. */
  courseCriteria = 0;
  readonly #withPeople: boolean;
  readonly #rolesOf = new Map<number, number[]>();
  readonly #studentRoles = new Set<number>();
  readonly #parts = new Map<number, Partial<MoodleModule>>();
  #isBackup = false;
  #texts = 0;

  /** @param withPeople whether people, their work and their grades are read. */
  constructor(withPeople = true) {
    this.#withPeople = withPeople;
  }

  /** The receiver of a file; null: it is not read. */
  open(whole: string): FileSink | null {
    this.files.see(whole);
    const path = innerPath(whole);
    const [, kind, id, name] = ACTIVITY.exec(path) ?? [];
    if (!this.#withPeople && (name === "completion" || OF_PEOPLE_ALONE.includes(path))) return null;
    if (kind !== undefined && name !== undefined) return this.#activity(path, kind, Number(id), name);
    if (SECTION.test(path)) return xmlSink(path, {}, (section) => this.#section(section, path));
    return WHOLE.includes(path) ? this.#whole(path) : null;
  }

  /** Joins data from several files. @throws SourceFault */
  finish(): MoodleCourse {
    if (!this.#isBackup)
      fail("moodle_backup.xml", "missing_file", "This is not a Moodle backup: it has no moodle_backup.xml.");
    const titles = new Map(this.listed.map(({ id, title }) => [id, title]));
    for (const module of this.course.modules.values()) {
      Object.assign(module, this.#parts.get(module.id));
      module.title ??= titles.get(module.id) ?? null;
    }
    for (const item of this.course.gradeItems.values()) {
      if (item.module !== null && !this.course.modules.has(item.module)) item.module = null;
    }
    this.course.sections.sort((a, b) => a.number - b.number);
    if (this.#rolesOf.size > 0 && this.#studentRoles.size > 0) {
      const isStudent = ([, roles]: [number, number[]]) => roles.some((role) => this.#studentRoles.has(role));
      this.course.people.students = new Set([...this.#rolesOf].filter(isStudent).map(([user]) => user));
    }
    return this.course;
  }

  #activity(path: string, kind: string, id: number, name: string): FileSink | null {
    if (name === "grades") return this.#grades(path, id);
    if (name === "completion") return this.#completion(path, id);
    if (name === "module") {
      return xmlSink(path, {}, (root) => void this.course.modules.set(id, moduleOf(root, path, kind, id)));
    }
    return name === kind ? xmlSink(path, DROPPED, (root) => this.#own(root, kind, id)) : null;
  }

  #part(id: number): Partial<MoodleModule> {
    const known = this.#parts.get(id);
    if (known !== undefined) return known;
    const part: Partial<MoodleModule> = {};
    this.#parts.set(id, part);
    return part;
  }

  #own(activity: XmlElement, kind: string, id: number): void {
    const element = child(activity, kind) ?? activity.children[0];
    if (element === undefined) return;
    const part = this.#part(id);
    part.context = activity.attributes.get("contextid") ?? "";
    part.instance = Number(element.attributes.get("id")) || null;
    part.title = optional(element, "name");
    const settings = element.children.filter(({ text }) => text.length <= MAX_SETTING);
    part.own = new Map(settings.map((field) => [field.name, field.text]));
    part.text = this.#held(textOf(element, kind));
    part.slots = slotsOf(element);
  }

  /** @throws SourceFault if the texts of the course are too large for an isolate. */
  #held(text: string): string {
    this.#texts += text.length;
    if (this.#texts > MAX_TEXTS) {
      fail("activities", "too_large_texts", `The texts of a course have at most ${MAX_TEXTS} characters.`);
    }
    return text;
  }

  #completion(path: string, id: number): FileSink {
    const rows: MoodleModule["completions"] = [];
    const take = (row: XmlElement) => {
      const user = optionalNumber(row, "userid");
      if (user === null) return;
      const state = row.name === "completion" ? (optionalNumber(row, "completionstate") ?? 0) : null;
      const at = optionalTime(row, "timemodified") ?? optionalTime(row, "timecreated");
      rows.push({ user, state, viewed: state === null || isSet(row, "viewed"), at });
    };
    // The root element of the file is `completions`, and each row is a `completion`.
    return xmlSink(path, { completion: take, completionview: take }, () => {
      this.#part(id).completions = rows;
    });
  }

  #grades(path: string, module: number | null): FileSink {
    let rows: GradeItem["grades"] = [];
    const row = (element: XmlElement) => {
      const [user, points] = [optionalNumber(element, "userid"), optionalNumber(element, "finalgrade")];
      if (user === null || points === null || !this.#withPeople) return;
      const at = optionalTime(element, "timemodified") ?? optionalTime(element, "timecreated");
      const [min, max] = [optionalNumber(element, "rawgrademin") ?? 0, optionalNumber(element, "rawgrademax") ?? 100];
      rows.push({ user, points, min, max, at });
    };
    const item = (element: XmlElement) => {
      const id = Number(element.attributes.get("id"));
      // References to grade items, as in `inforef.xml`, have no fields.
      if (!Number.isInteger(id) || child(element, "itemtype") === undefined) return;
      this.course.gradeItems.set(id, {
        id,
        type: optional(element, "itemtype") ?? "",
        module,
        number: optionalNumber(element, "itemnumber") ?? 0,
        title: optional(element, "itemname"),
        min: optionalNumber(element, "grademin") ?? 0,
        max: optionalNumber(element, "grademax") ?? 100,
        pass: optionalNumber(element, "gradepass") ?? 0,
        grades: rows,
      });
      rows = [];
    };
    return xmlSink(path, { grade_grade: row, grade_item: item }, () => undefined);
  }

  #section(element: XmlElement, source: string): void {
    const sequence = (optional(element, "sequence") ?? "")
      .split(",")
      .map(Number)
      .filter((id) => id > 0);
    this.course.sections.push({
      id: Number(element.attributes.get("id")),
      number: optionalNumber(element, "number") ?? 0,
      title: optional(element, "name"),
      visible: isSet(element, "visible"),
      sequence,
      availability: availabilityOf(element, "availabilityjson", true),
      subsectionOf: optional(element, "component") === "mod_subsection" ? optionalNumber(element, "itemid") : null,
      summary: this.#held(optional(element, "summary") ?? ""),
      source,
    });
  }

  #whole(path: string): FileSink | null {
    if (path === "gradebook.xml") return this.#grades(path, null);
    const then = (done: (root: XmlElement) => void, take: Takers = {}) => xmlSink(path, take, done);
    if (path === "moodle_backup.xml") return then((root) => this.#manifest(root));
    if (path === "groups.xml") return then((root) => this.#groups(root));
    if (path === "questions.xml") {
      return then(() => undefined, { question: (row, within) => this.questions.add(row, within) });
    }
    if (path === "files.xml") return then(() => undefined, { file: (row) => this.files.add(row) });
    if (path === "users.xml") return then(() => undefined, { user: (user) => this.#user(user) });
    if (path === "course/course.xml") {
      return then((course) => {
        this.course.fullname = optional(course, "fullname") ?? this.course.fullname;
        this.course.shortname = optional(course, "shortname") ?? this.course.shortname;
      });
    }
    if (path === "roles.xml") {
      return then((root) => {
        for (const role of childrenOf(root, "role")) {
          if (optional(role, "archetype") === "student") this.#studentRoles.add(Number(role.attributes.get("id")));
        }
      });
    }
    if (path === "course/roles.xml") {
      return then((root) => {
        for (const row of childrenOf(child(root, "role_assignments"), "assignment")) {
          const [user, role] = [optionalNumber(row, "userid"), optionalNumber(row, "roleid")];
          if (user !== null && role !== null) this.#rolesOf.set(user, [...(this.#rolesOf.get(user) ?? []), role]);
        }
      });
    }
    if (path === "completion.xml") {
      return then((root) => {
        this.courseCriteria = childrenOf(root, "course_completion_criteria").length;
      });
    }
    return then(() => undefined, {
      enrolment: (row) => {
        const user = optionalNumber(row, "userid");
        if (user === null || isSet(row, "status")) return;
        this.course.people.enrolled.set(user, optionalTime(row, "timestart") ?? optionalTime(row, "timecreated"));
      },
    });
  }

  #manifest(root: XmlElement): void {
    this.#isBackup = true;
    const information = child(root, "information");
    this.course.release = releaseOf(
      optional(information, "moodle_release") ?? optional(information, "backup_release") ?? "",
    );
    this.course.backupAt = optionalTime(information, "backup_date") ?? 0;
    this.course.fullname ||= optional(information, "original_course_fullname") ?? "";
    this.course.shortname ||= optional(information, "original_course_shortname") ?? "";
    for (const activity of childrenOf(descend(information, "contents", "activities"), "activity")) {
      const directory = optional(activity, "directory") ?? "";
      this.listed.push({
        id: optionalNumber(activity, "moduleid") ?? 0,
        title: optional(activity, "title"),
        directory,
      });
    }
  }

  #groups(root: XmlElement): void {
    const idOf = (element: XmlElement) => Number(element.attributes.get("id"));
    const numbers = (element: XmlElement | undefined, name: string, field: string) =>
      childrenOf(element, name).flatMap((row) => optionalNumber(row, field) ?? []);
    for (const group of childrenOf(root, "group")) {
      const members = numbers(child(group, "group_members"), "group_member", "userid");
      this.course.groups.set(idOf(group), { name: optional(group, "name") ?? "", members });
    }
    for (const grouping of childrenOf(child(root, "groupings"), "grouping")) {
      const groups = numbers(child(grouping, "grouping_groups"), "grouping_group", "groupid");
      this.course.groupings.set(idOf(grouping), { name: optional(grouping, "name") ?? "", groups });
    }
  }

  #user(element: XmlElement): void {
    const id = Number(element.attributes.get("id"));
    if (!Number.isInteger(id) || isSet(element, "deleted")) return;
    const fields = new Map<string, string>();
    for (const name of PROFILE) fields.set(`sf:${name}`, optional(element, name) ?? "");
    for (const field of childrenOf(child(element, "custom_fields"), "custom_field")) {
      fields.set(`cf:${optional(field, "field_name") ?? ""}`, optional(field, "field_data") ?? "");
    }
    this.course.people.users.set(id, { username: optional(element, "username") ?? "", fields });
  }
}

/** The path within the backup. */
function innerPath(path: string): string {
  const isWithin = ACTIVITY.test(path) || SECTION.test(path) || WHOLE.includes(path);
  return isWithin ? path : path.replace(TOP, "");
}

function moduleOf(element: XmlElement, source: string, kind: string, id: number): MoodleModule {
  return {
    id,
    kind,
    instance: null,
    section: optionalNumber(element, "sectionid") ?? 0,
    title: null,
    visible: isSet(element, "visible"),
    // Releases before 3.3 have no such field: every activity is on the page.
    onCoursePage: optional(element, "visibleoncoursepage") === null || isSet(element, "visibleoncoursepage"),
    grouping: optionalNumber(element, "groupingid") ?? 0,
    completion: optionalNumber(element, "completion") ?? 0,
    completionView: isSet(element, "completionview"),
    completionGrade: optionalNumber(element, "completiongradeitemnumber"),
    completionPass: isSet(element, "completionpassgrade"),
    own: new Map(),
    availability: availabilityOf(element, "availability", false),
    deleting: isSet(element, "deletioninprogress"),
    text: "",
    context: "",
    slots: [],
    completions: [],
    source,
  };
}
