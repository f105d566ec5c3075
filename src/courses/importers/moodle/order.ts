import type { MoodleCourse, MoodleModule, MoodleSection } from "./model.ts";

/** From this release on a subsection counts at its place on the page (read in the source of 5.0). */
const SUBSECTIONS_IN_PLACE = 500;

/** The activities of a course in order; "the previous activity" in a condition uses this order. */
export class PageOrder {
  /** The existing activities of each section, in order. */
  readonly inSection = new Map<number, MoodleModule[]>();
  /** Activities whose section is not in the file. */
  readonly nowhere: MoodleModule[] = [];
  /** Entries of sequences for which the file has no activity. */
  readonly absent: { section: MoodleSection; module: number }[] = [];
  readonly #course: MoodleCourse;
  readonly #order: MoodleModule[] = [];
  readonly #at = new Map<number, number>();
  readonly #startOf = new Map<number, number>();

  constructor(course: MoodleCourse) {
    this.#course = course;
    const placed = new Set<number>();
    for (const section of course.sections) {
      const here = section.sequence.flatMap((id) => {
        const module = course.modules.get(id);
        if (module === undefined) this.absent.push({ section, module: id });
        return module === undefined || placed.has(id) ? [] : [module];
      });
      for (const module of here) placed.add(module.id);
      this.inSection.set(section.id, here);
    }
    // An activity that is in no sequence comes last in its section.
    for (const module of course.modules.values())
      if (!placed.has(module.id)) (this.inSection.get(module.section) ?? this.nowhere).push(module);
    const inPlace = course.release.number >= SUBSECTIONS_IN_PLACE;
    for (const section of course.sections) if (!inPlace || section.subsectionOf === null) this.#walk(section, inPlace);
  }

  /** The nearest tracked activity before this one. */
  beforeModule(id: number): MoodleModule | null {
    return this.#before(this.#at.get(id) ?? 0);
  }

  /** The nearest tracked activity before the first of a section. */
  beforeSection(id: number): MoodleModule | null {
    return this.#before(this.#startOf.get(id) ?? 0);
  }

  /** The section that a `mod_subsection` contains. */
  sectionOf(module: MoodleModule): MoodleSection | undefined {
    if (module.kind !== "subsection") return undefined;
    return this.#course.sections.find((section) => section.subsectionOf === module.instance);
  }

  #walk(section: MoodleSection, inPlace: boolean): void {
    if (this.#startOf.has(section.id)) return;
    this.#startOf.set(section.id, this.#order.length);
    for (const module of this.inSection.get(section.id) ?? []) {
      this.#at.set(module.id, this.#order.length);
      this.#order.push(module);
      const inner = inPlace ? this.sectionOf(module) : undefined;
      if (inner !== undefined) this.#walk(inner, inPlace);
    }
  }

  #before(position: number): MoodleModule | null {
    for (let at = position - 1; at >= 0; at -= 1) {
      const module = this.#order[at];
      if (module !== undefined && module.completion !== 0 && !module.deleting) return module;
    }
    return null;
  }
}
