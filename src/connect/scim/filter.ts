import { type Filter, parse } from "scim2-parse-filter";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { spelled } from "./attributes.ts";

const MAX_FILTER = 1_000;
/** Comparisons of one filter. */
const MAX_TERMS = 5;

/** A filter as this service understands it: each of these attributes has this value. */
export type Terms = ReadonlyMap<string, string>;

/** A refusal in the words of RFC 7644, section 3.12. */
export function scimFault(rule: string, message: string, path = ""): Result<never> {
  return refuse("invalid_input", { detail: message, errors: [{ path, rule, message }] });
}

/**
 * Reads a filter (RFC 7644, section 3.4.2.2). Directories ask for one person or group: `eq`, and several of them with `and`.
 * @param known attributes that can be asked for.
 * @returns `invalid_input` with the rule `invalidFilter` for every other one.
 */
export function readFilter(text: string, known: readonly string[]): Result<Terms> {
  if (text.length > MAX_FILTER) return scimFault("invalidFilter", `A filter has at most ${MAX_FILTER} characters.`);
  let filter: Filter;
  try {
    filter = parse(text);
  } catch {
    return scimFault("invalidFilter", "The filter is not one of RFC 7644.");
  }
  const terms = new Map<string, string>();
  const isKnown = collect(filter, "", terms) && [...terms.keys()].every((name) => known.includes(name));
  if (isKnown && terms.size > 0 && terms.size <= MAX_TERMS) return ok(terms);
  return scimFault("invalidFilter", `Filters compare with eq, joined by and. Attributes: ${known.join(", ")}.`);
}

function collect(filter: Filter, prefix: string, terms: Map<string, string>): boolean {
  if (filter.op === "and" && "filters" in filter) return filter.filters.every((one) => collect(one, prefix, terms));
  if (filter.op === "[]" && "valFilter" in filter) {
    return collect(filter.valFilter, `${spelled(filter.attrPath)}.`, terms);
  }
  if (filter.op !== "eq" || !("compValue" in filter)) return false;
  const name = prefix + spelled(filter.attrPath);
  const { compValue } = filter;
  if (typeof compValue !== "string" && typeof compValue !== "boolean") return false;
  const plain = name === "emails" ? "emails.value" : name === "members" ? "members.value" : name;
  const before = terms.get(plain);
  terms.set(plain, String(compValue));
  return before === undefined || before === String(compValue);
}
