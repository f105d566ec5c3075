import type { Activity, Definition } from "./activity.ts";
import { type Actor, idsOnly } from "./actors.ts";
import type { Statement } from "./statement.ts";

// How a statement is shown: `format` of 1.0.3 part 3, section 2.1.3.

export const FORMATS = ["exact", "ids", "canonical"] as const;
export type Format = (typeof FORMATS)[number];

/** What a statement is shown by. */
export interface Showing {
  format: Format;
  /** The Accept-Language header; empty: none. */
  languages: string;
  /** What the store knows of an activity, for `canonical`. */
  definitionOf: (id: string) => Definition | undefined;
}

/** A statement as it is to be shown. */
export function shownAs(statement: Statement, showing: Showing): Statement {
  if (showing.format === "exact") return statement;
  const activity = (one: Activity): Activity => activityAs(one, showing);
  const who = <T extends Actor>(one: T): Actor => (showing.format === "ids" ? idsOnly(one) : one);
  return { ...partAs(statement, showing), object: objectAs(statement.object, activity, who, showing) };
}

/** An activity with its id alone, or with one language of each text. */
function activityAs(one: Activity, { format, languages, definitionOf }: Showing): Activity {
  const { definition: sent, ...rest } = one;
  if (format === "ids") return { id: one.id };
  const definition = definitionOf(one.id) ?? sent;
  return definition === undefined ? rest : { ...rest, definition: inOneLanguage(definition, languages) };
}

function partAs<T extends Pick<Statement, "actor" | "verb" | "context">>(part: T, showing: Showing): T {
  const { format, languages } = showing;
  const who = (one: Actor): Actor => (format === "ids" ? idsOnly(one) : one);
  const { display, ...verb } = part.verb;
  const shown = display === undefined || format === "ids" ? {} : { display: oneLanguage(display, languages) };
  const { context } = part;
  const listed = context?.contextActivities;
  const lists = Object.fromEntries(
    Object.entries(listed ?? {}).map(([name, list]) => [name, list?.map((one) => activityAs(one, showing))]),
  );
  return {
    ...part,
    actor: who(part.actor),
    verb: { ...verb, ...shown },
    ...(context === undefined
      ? {}
      : {
          context: {
            ...context,
            ...(context.instructor === undefined ? {} : { instructor: who(context.instructor) }),
            ...(context.team === undefined ? {} : { team: who(context.team) }),
            ...(listed === undefined ? {} : { contextActivities: lists }),
          },
        }),
  };
}

function objectAs(
  object: Statement["object"],
  activity: (one: Activity) => Activity,
  who: (one: Actor) => Actor,
  showing: Showing,
): Statement["object"] {
  switch (object.objectType) {
    case "StatementRef":
      return object;
    case "Group":
    case "Agent": {
      const shown = who(object);
      return shown.objectType === "Group" ? shown : { ...shown, objectType: "Agent" };
    }
    case "SubStatement": {
      const inner = objectAs(object.object, activity, who, showing);
      const part = partAs(object, showing);
      // A SubStatement has no other in it: the form has seen to that.
      return inner.objectType === "SubStatement" ? part : { ...part, object: inner };
    }
    default:
      return activity(object);
  }
}

/** A definition with one language of each text, as `canonical` has it. */
function inOneLanguage(definition: Definition, languages: string): Definition {
  const { name, description } = definition;
  const shown = {
    ...definition,
    ...(name === undefined ? {} : { name: oneLanguage(name, languages) }),
    ...(description === undefined ? {} : { description: oneLanguage(description, languages) }),
  };
  for (const list of ["choices", "scale", "source", "target", "steps"] as const) {
    const components = definition[list];
    if (components === undefined) continue;
    shown[list] = components.map((one) =>
      one.description === undefined ? one : { ...one, description: oneLanguage(one.description, languages) },
    );
  }
  return shown;
}

/** The text in the language that is wanted most, else the first one (RFC 4647, lookup and prefix). */
export function oneLanguage(map: Readonly<Record<string, string>>, languages: string): Record<string, string> {
  const tags = Object.keys(map);
  for (const wanted of preferences(languages)) {
    const isAny = wanted === "*";
    const found = tags.find(
      (tag) => isAny || tag.toLowerCase() === wanted || tag.toLowerCase().startsWith(`${wanted}-`),
    );
    const wider = found ?? tags.find((tag) => wanted.startsWith(`${tag.toLowerCase()}-`));
    if (wider !== undefined) return { [wider]: map[wider] ?? "" };
  }
  const [first] = tags;
  return first === undefined ? {} : { [first]: map[first] ?? "" };
}

/** Language ranges of an Accept-Language header, the most wanted first. */
function preferences(header: string): string[] {
  return header
    .split(",")
    .map((part) => {
      const [tag = "", ...options] = part.split(";").map((one) => one.trim().toLowerCase());
      const q = options.find((option) => option.startsWith("q="));
      return { tag, q: q === undefined ? 1 : Number(q.slice(2)) || 0 };
    })
    .filter(({ tag, q }) => tag !== "" && q > 0)
    .sort((a, b) => b.q - a.q)
    .map(({ tag }) => tag);
}
