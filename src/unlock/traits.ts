import type { Trait } from "./program.ts";
import type { ProfileTest } from "./rules.ts";

/** The properties of a learner as a person. */
interface Person {
  readonly cohorts: readonly string[];
  readonly profile?: Readonly<Record<string, string>>;
  /** Other completed courses, and since when. */
  readonly courses?: Readonly<Record<string, number>>;
}

/** Whether a learner has a property that a rule asks for. */
export function traitHolds(trait: Trait, person: Person): boolean {
  if ("course" in trait) return Object.hasOwn(person.courses ?? {}, trait.course);
  if ("profile" in trait) return profileHolds(trait.profile, person.profile?.[trait.profile.field] ?? "");
  const { cohorts } = trait;
  return cohorts === null ? person.cohorts.length > 0 : cohorts.some((name) => person.cohorts.includes(name));
}

/** The seven comparisons, as Moodle makes them: case matters, "0" counts as empty, and so does a field without text. */
function profileHolds({ op, value = "" }: ProfileTest, text: string): boolean {
  switch (op) {
    case "contains":
      return text.includes(value);
    case "does_not_contain":
      return isBlank(value) || !text.includes(value);
    case "is_equal_to":
      return text === value;
    case "starts_with":
      return text.startsWith(value);
    case "ends_with":
      return value !== "" && text.endsWith(value);
    case "is_empty":
      return isBlank(text);
    default:
      return !isBlank(text);
  }
}

function isBlank(text: string): boolean {
  return text === "" || text === "0";
}
