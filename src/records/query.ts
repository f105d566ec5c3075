import {
  COMMON_FIELDS,
  type Comparison,
  type Condition,
  type FieldValue,
  type RecordQuery,
  type RecordType,
} from "./types.ts";

/** Rows of a page when nobody says otherwise. */
const DEFAULT_LIMIT = 50;

/**
 * Builds a query of one record type. Fields are checked against the type as they are named, so that nothing a caller
 * sends becomes part of SQL.
 *
 * @throws RangeError for a field that the type does not have: a fault of the code, not of the caller.
 */
export class QueryBuilder {
  readonly #type: RecordType;
  readonly #where: Condition[] = [];
  #sort = { field: "id", descending: false };
  #limit = DEFAULT_LIMIT;
  #after: RecordQuery["after"] = null;
  #text: string | null = null;

  constructor(type: RecordType) {
    this.#type = type;
  }

  where(field: string, is: Comparison, value: FieldValue | readonly FieldValue[]): this {
    this.#check(field);
    if ((is === "in") !== Array.isArray(value))
      throw new RangeError(`"${is}" takes ${is === "in" ? "a list" : "one value"}`);
    this.#where.push({ field, is, value });
    return this;
  }

  /** The same, left out when there is no value to compare with. */
  whereGiven(field: string, is: Comparison, value: FieldValue | readonly FieldValue[] | undefined): this {
    return value === undefined ? this : this.where(field, is, value);
  }

  sortBy(field: string, descending = false): this {
    this.#check(field);
    this.#sort = { field, descending };
    return this;
  }

  limit(limit: number): this {
    this.#limit = limit;
    return this;
  }

  after(position: RecordQuery["after"]): this {
    this.#after = position;
    return this;
  }

  text(words: string): this {
    this.#text = words;
    return this;
  }

  build(): RecordQuery {
    return { where: [...this.#where], sort: this.#sort, limit: this.#limit, after: this.#after, text: this.#text };
  }

  #check(field: string): void {
    if (!(field in this.#type.fields) && !(field in COMMON_FIELDS)) {
      throw new RangeError(`${this.#type.name} has no field "${field}"`);
    }
  }
}

/** Starts a query of a record type. */
export function query(type: RecordType): QueryBuilder {
  return new QueryBuilder(type);
}
