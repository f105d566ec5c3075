import {
  type Comparison,
  type Condition,
  type FieldType,
  type FieldValue,
  fieldTypeOf,
  type RecordQuery,
  type RecordType,
} from "./types.ts";

/** Rows of a page by default. */
const DEFAULT_LIMIT = 50;

/**
 * Builds a query of one record type. Fields are checked against the type, so that nothing from a caller becomes part of
 * SQL.
 * @throws RangeError for a field that the type does not have, a value of another type than the field, and a comparison
 * or sort that would leave out nulls without saying so: these are errors of the code, not of the caller.
 */
export class QueryBuilder {
  readonly #type: RecordType;
  readonly #where: Condition[] = [];
  #sort = { field: "id", descending: false };
  #limit = DEFAULT_LIMIT;
  #bytes: number | null = null;
  #after: RecordQuery["after"] = null;
  #text: string | null = null;
  #ranked = false;

  constructor(type: RecordType) {
    this.#type = type;
  }

  where(field: string, is: Comparison, value: FieldValue | readonly FieldValue[]): this {
    const type = this.#typeOf(field);
    if ((is === "in") !== Array.isArray(value))
      throw new RangeError(`"${is}" takes ${is === "in" ? "a list" : "one value"}`);
    if (value === null && is !== "=" && is !== "!=") throw new RangeError(`null cannot be compared with "${is}"`);
    const values: readonly FieldValue[] = Array.isArray(value) ? value : [value];
    if (is === "in" && values.includes(null)) throw new RangeError("null cannot be in a list");
    for (const one of values) {
      if (one !== null && typeof one !== (type === "text" ? "string" : "number")) {
        throw new RangeError(`"${field}" is ${type}, "${typeof one}" is not`);
      }
    }
    this.#where.push({ field, is, value });
    return this;
  }

  /** The same, left out when there is no value to compare with. */
  whereGiven(field: string, is: Comparison, value: FieldValue | readonly FieldValue[] | undefined): this {
    return value === undefined ? this : this.where(field, is, value);
  }

  sortBy(field: string, descending = false): this {
    this.#typeOf(field);
    // A comparison leaves out nulls, so a page can continue among the other rows.
    const isBounded = this.#where.some((condition) => condition.field === field && condition.value !== null);
    if (!isBounded && (field === "expires_at" || this.#type.nullable?.includes(field))) {
      throw new RangeError(`"${field}" may be null, and a page cannot continue after null`);
    }
    this.#sort = { field, descending };
    return this;
  }

  limit(limit: number): this {
    this.#limit = limit;
    return this;
  }

  /**
   * Ends the answer after the record whose body exceeds so many bytes, before it leaves the database: a thousand large
   * records are more than a database may return. The caller takes a short answer for the end of a page. Only relational
   * backends can do it.
   */
  atMostBytes(bytes: number): this {
    this.#bytes = bytes;
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

  /** The best matches of the words first. Ranks change with each write, so there is only one page. */
  ranked(): this {
    this.#ranked = true;
    return this;
  }

  build(): RecordQuery {
    if (this.#ranked && (this.#text === null || this.#after !== null)) {
      throw new RangeError("only what words find has ranks, and only a first page");
    }
    return {
      where: [...this.#where],
      sort: this.#sort,
      limit: this.#limit,
      bytes: this.#bytes,
      after: this.#after,
      text: this.#text,
      ranked: this.#ranked,
    };
  }

  #typeOf(field: string): FieldType {
    const type = fieldTypeOf(this.#type, field);
    if (type === undefined) throw new RangeError(`${this.#type.name} has no field "${field}"`);
    return type;
  }
}

/** Starts a query of a record type. */
export function query(type: RecordType): QueryBuilder {
  return new QueryBuilder(type);
}
