import { ItemIds } from "../ids.ts";
import type { Surroundings } from "./conditions.ts";
import type { GradeItem, MoodleCourse, MoodleModule, MoodleSection } from "./model.ts";
import type { PageOrder } from "./order.ts";

/** The names that the parts of a backup get in the new course. */
export class MoodleNames {
  /** Grade items without an activity that a condition uses; each becomes an item. */
  readonly gradesAsked = new Map<number, GradeItem>();
  /** Profile fields that conditions use, by their names here. */
  readonly fieldsAsked = new Map<string, string>();
  readonly #course: MoodleCourse;
  readonly #order: PageOrder;
  readonly #ids: ItemIds;

  constructor(course: MoodleCourse, order: PageOrder, slug: string) {
    this.#course = course;
    this.#order = order;
    this.#ids = new ItemIds(slug);
  }

  section(section: MoodleSection): string {
    return this.#ids.of(`section-${section.id}`);
  }

  /** A subsection becomes the chapter that it contains. */
  module(module: MoodleModule): string {
    const inner = this.#order.sectionOf(module);
    return inner === undefined ? this.#ids.of(`${module.kind}-${module.id}`) : this.section(inner);
  }

  gradeItem(item: GradeItem): string {
    return this.#ids.of(`grade-${item.id}`);
  }

  group(id: number): string {
    return `group-${id}`;
  }

  /**
   * A field of the site gets the name that Moodle's lists of users give it, so that it cannot equal a standard field.
   */
  field(kind: "sf" | "cf", name: string): string {
    const field = kind === "sf" ? name : `profile_field_${name}`;
    this.fieldsAsked.set(field, `${kind}:${name}`);
    return field;
  }

  /** @param place the activity or section whose conditions are read. */
  around(place: { module: MoodleModule } | { section: MoodleSection }): Surroundings {
    const course = this.#course;
    return {
      release: course.release.number,
      item: (id) => {
        const module = course.modules.get(id);
        return module === undefined || module.deleting ? null : this.module(module);
      },
      previous: () => {
        const order = this.#order;
        const before = "module" in place ? order.beforeModule(place.module.id) : order.beforeSection(place.section.id);
        return before === null ? null : this.module(before);
      },
      grade: (id) => this.#grade(id),
      group: (id) => (course.groups.has(id) ? this.group(id) : null),
      grouping: (id) => course.groupings.get(id)?.groups.map((group) => this.group(group)) ?? null,
      ownGrouping: "module" in place ? place.module.grouping : 0,
      field: (kind, name) => this.field(kind, name),
    };
  }

  #grade(id: number): ReturnType<Surroundings["grade"]> {
    const item = this.#course.gradeItems.get(id);
    if (item === undefined) return null;
    if (item.type === "course") return "total";
    const { min, max } = item;
    const module = item.module === null ? undefined : this.#course.modules.get(item.module);
    if (module !== undefined && item.number === 0) return { item: this.module(module), note: null, min, max };
    this.gradesAsked.set(id, item);
    const note =
      item.type === "category" ? "the total of a category becomes an item, and nothing computes it again" : null;
    return { item: this.gradeItem(item), note, min, max };
  }
}
