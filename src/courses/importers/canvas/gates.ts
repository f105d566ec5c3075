import { allOf, type ImportedRule, type Requirement } from "../document.ts";
import type { Mapping } from "../report.ts";
import { entryOf } from "../table.ts";
import type { CanvasItem, CanvasModule } from "./read.ts";

/** What Canvas's requirements ask for an item. */
const REQUIREMENTS: Readonly<Record<string, Requirement>> = {
  must_view: { view: true },
  must_submit: { submit: true },
  must_contribute: { contribute: true },
  must_mark_done: { mark: true },
};

const PUBLISHED_ONLY = "nobody needs an unpublished item";

/**
 * The gates of a Canvas course. Each module that waits gets its conditions written out: the items that must be complete
 * and the dates that must have come, for its prerequisites and for theirs. So it locks again when one of them does, and
 * modules need no completion of their own.
 */
export class CanvasGates {
  /** Why parts of a module's gate were left out, by its identifier. */
  readonly notes = new Map<string, string[]>();
  readonly #modules: readonly CanvasModule[];
  readonly #idOf: (identifier: string) => string;
  readonly #waits = new Map<string, ImportedRule[]>();

  constructor(modules: readonly CanvasModule[], idOf: (identifier: string) => string) {
    this.#modules = modules;
    this.#idOf = idOf;
  }

  /** The conditions that open a module. */
  ruleOf(module: CanvasModule): ImportedRule | null {
    return allOf(this.#waitsFor(module));
  }

  /** The additional conditions of an item in a module that learners must do in order. */
  ruleOfItem(module: CanvasModule, item: CanvasItem): ImportedRule | null {
    if (!module.isSequential) return null;
    const before = module.items.slice(0, module.items.indexOf(item)).map((one) => one.identifier);
    const required = this.#counted(module).filter((requirement) => before.includes(requirement.item));
    return allOf(required.map((requirement) => this.#met(requirement.item)));
  }

  /** How an item is completed, for the report; null if nothing requires it. */
  completionOf(module: CanvasModule, item: CanvasItem, source: string): Mapping<Requirement> | null {
    const asked = module.requirements.find((requirement) => requirement.item === item.identifier);
    if (asked === undefined) return null;
    const { type, minScore, minPercentage } = asked;
    const rule = {
      type,
      item: item.identifier,
      ...(minScore === null ? {} : { min_score: minScore }),
      ...(minPercentage === null ? {} : { min_percentage: minPercentage }),
    };
    if (type === "min_score" || type === "min_percentage") {
      const mapped = scoreOf(minScore, minPercentage);
      if (mapped !== null) return { source, rule, mapped, verdict: "exact", why: null };
      const why = "the file asks for a score but has no number (exporters write only min_score)";
      return { source, rule, mapped: { score: {} }, verdict: "approximated", why };
    }
    const mapped = entryOf(REQUIREMENTS, type) ?? null;
    if (mapped === null) {
      return {
        source,
        rule,
        mapped: { contribute: true },
        verdict: "unmapped",
        why: `${type} is not known; a service must report it`,
      };
    }
    const why = type === "must_contribute" ? "the service of the discussion must report it" : null;
    return { source, rule, mapped, verdict: why === null ? "exact" : "approximated", why };
  }

  #waitsFor(module: CanvasModule): ImportedRule[] {
    const known = this.#waits.get(module.identifier);
    if (known !== undefined) return known;
    const waits: ImportedRule[] = module.unlockAt === null ? [] : [{ from: module.unlockAt }];
    // A prerequisite comes before its module, so this recursion ends.
    for (const identifier of module.prerequisites) {
      const before = this.#modules.find((one) => one.identifier === identifier);
      if (before === undefined)
        this.#note(module, `the prerequisite ${JSON.stringify(identifier)} is not in the file, and Canvas drops it`);
      else if (this.#modules.indexOf(before) >= this.#modules.indexOf(module)) {
        this.#note(module, `the prerequisite ${JSON.stringify(identifier)} comes later, and Canvas drops it`);
      } else if (!before.isPublished)
        this.#note(module, `the prerequisite ${JSON.stringify(identifier)} is not published and locks nothing`);
      else waits.push(...this.#done(before));
    }
    this.#waits.set(module.identifier, waits);
    return waits;
  }

  /** The conditions under which a module is done: it is open, and its requirements are met. */
  #done(module: CanvasModule): ImportedRule[] {
    const met = this.#counted(module).map((requirement) => this.#met(requirement.item));
    const count = module.requirementCount;
    const isSome = count !== null && count < met.length;
    return [...this.#waitsFor(module), ...(isSome ? [{ at_least: { count, of: met } }] : met)];
  }

  /** The requirements that count: those on published items of the module. */
  #counted(module: CanvasModule): CanvasModule["requirements"] {
    return module.requirements.filter((requirement) => {
      const item = module.items.find((one) => one.identifier === requirement.item);
      if (item === undefined)
        this.#note(
          module,
          `the requirement on ${JSON.stringify(requirement.item)} is on no item of the module, and Canvas drops it`,
        );
      else if (!item.isPublished) this.#note(module, `${JSON.stringify(requirement.item)}: ${PUBLISHED_ONLY}`);
      return item?.isPublished === true;
    });
  }

  #met(item: string): ImportedRule {
    return { state: { item: this.#idOf(item), is: ["complete", "passed"] } };
  }

  #note(module: CanvasModule, note: string): void {
    const notes = this.notes.get(module.identifier) ?? [];
    if (!notes.includes(note)) this.notes.set(module.identifier, [...notes, note]);
  }
}

function scoreOf(points: number | null, percent: number | null): Requirement | null {
  if (percent !== null) return { score: { min: percent } };
  return points === null ? null : { points: { min: points } };
}
