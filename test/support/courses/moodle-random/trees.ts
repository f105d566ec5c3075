import fc from "fast-check";

/** What the conditions of a random tree may name. */
export interface Names {
  /** Course modules; some of them are not there. */
  modules: readonly number[];
  gradeItems: readonly number[];
  groups: readonly number[];
  groupings: readonly number[];
  /** Whether "the activity before" and "the activity's own grouping" mean something here. */
  hasPrevious: boolean;
  hasGrouping: boolean;
}

/** The instant around which everything happens, epoch seconds. */
export const NOW = 1_767_225_600;

/** Standard fields of a profile, and fields of the site's own. */
export const STANDARD = ["city", "department", "idnumber", "alternatename", "lang"];
export const CUSTOM = ["stream", "flag"];
/** Texts of fields, and what conditions compare them with. */
export const TEXTS = ["", "0", "north", "North", "northern", "the north", "south", "10"];
const ASKED = ["0", "north", "North", "th", "n", "1"];

/** Bounds of grades, percent: whole shares, and those that no number of the machine meets exactly. */
const BOUNDS = [0, 10, 29, 33.33333, 50, 50.00001, 70, 99.99999, 100];
const bound = fc.option(fc.constantFrom(...BOUNDS), { nil: undefined });

/** A number, and now and then the same as text, which completion takes. */
const loose = (number: fc.Arbitrary<number>) =>
  fc.oneof({ weight: 5, arbitrary: number }, { weight: 1, arbitrary: number.map(String) });

function leaves(names: Names): fc.Arbitrary<object> {
  const { modules, gradeItems, groups, groupings, hasPrevious, hasGrouping } = names;
  const module = fc.constantFrom(...modules, ...(hasPrevious ? [-1, -1] : []));
  const completion = fc.record({ type: fc.constant("completion"), cm: loose(module), e: loose(fc.nat(3)) });
  const date = fc.record({
    type: fc.constant("date"),
    d: fc.constantFrom(">=", "<"),
    t: fc.integer({ min: NOW - 1, max: NOW + 1 }),
  });
  const grade = fc
    .record({ type: fc.constant("grade"), id: fc.constantFrom(...gradeItems), min: bound, max: bound })
    .map(withoutUndefined);
  const group = fc
    .record({ type: fc.constant("group"), id: fc.option(fc.constantFrom(...groups), { nil: undefined }) })
    .map(withoutUndefined);
  const byId = fc.record({ type: fc.constant("grouping"), id: fc.constantFrom(...groupings) });
  const own = fc.constant({ type: "grouping", activity: true });
  const grouping = hasGrouping ? fc.oneof(byId, own) : byId;
  return fc.oneof(
    { weight: 8, arbitrary: completion },
    { weight: 3, arbitrary: date },
    { weight: 5, arbitrary: grade },
    { weight: 2, arbitrary: group },
    { weight: 2, arbitrary: grouping },
    { weight: 4, arbitrary: profiles },
  );
}

const field = fc.oneof(
  fc.constantFrom(...STANDARD).map((sf) => ({ sf })),
  fc.constantFrom(...CUSTOM).map((cf) => ({ cf })),
);
/** Of the empty text only what is known: everything starts with it, only an empty field ends with it or equals it. */
const profiles = fc
  .oneof(
    fc.tuple(field, fc.constantFrom("isempty", "isnotempty"), fc.constant({})),
    fc.tuple(
      field,
      fc.constantFrom("contains", "doesnotcontain", "isequalto", "startswith", "endswith"),
      fc.constantFrom(...ASKED).map((v) => ({ v })),
    ),
    fc.tuple(field, fc.constantFrom("isequalto", "startswith", "endswith"), fc.constant({ v: "" })),
  )
  .map(([named, op, value]) => ({ type: "profile", op, ...named, ...value }));

/** Kinds of plug-ins that no Moodle brings by itself. */
const unknown = fc.constantFrom({ type: "badge", id: 4 }, { type: "coins", n: "3" }, { type: "language", l: "de" });

/** What Moodle cannot read. */
const malformed = fc.constantFrom<object>(
  { type: "grade", id: "100", min: 1 },
  { type: "grade", id: 100, min: "1" },
  { type: "grade", min: 1 },
  { type: "date", d: ">=", t: String(NOW) },
  { type: "date", d: ">", t: NOW },
  { type: "completion", e: 1 },
  { type: "completion", cm: 11, e: 7 },
  { type: "completion", cm: "eleven", e: 1 },
  { type: "profile", op: "resembles", sf: "city", v: "north" },
  { type: "profile", op: "contains", sf: "city" },
  { op: "xor", c: [] },
  { op: "&", c: "none" },
);

const OPERATORS = ["&", "|", "!&", "!|"] as const;
/** Most children of one set. */
const WIDEST = 4;
/** Deepest set within sets. */
const DEEPEST = 4;

/** Trees as Moodle stores them, each with the flags that its root needs. Nested ones carry flags that mean nothing. */
export function trees(names: Names): fc.Arbitrary<unknown> {
  const leaf = leaves(names);
  const sets = (depth: number): fc.Arbitrary<object> => {
    const inner =
      depth >= DEEPEST ? leaf : fc.oneof({ weight: 3, arbitrary: leaf }, { weight: 2, arbitrary: sets(depth + 1) });
    return fc
      .record({
        op: fc.constantFrom(...OPERATORS),
        c: fc.array(inner, { maxLength: WIDEST }),
        show: fc.option(fc.boolean(), { nil: undefined }),
      })
      .map(withoutUndefined);
  };
  const root = fc
    .tuple(
      fc.constantFrom(...OPERATORS),
      fc.array(fc.tuple(fc.oneof({ weight: 3, arbitrary: leaf }, { weight: 2, arbitrary: sets(2) }), shown), {
        maxLength: WIDEST,
      }),
      shown,
    )
    .map(([op, children, show]) => rootOf(op, children, show));
  const odd = fc
    .tuple(root, fc.oneof(unknown, malformed), fc.nat(), shown)
    .map(([tree, one, place, show]) => withOdd(tree, one, place, show));
  return fc.oneof({ weight: 12, arbitrary: root }, { weight: 1, arbitrary: odd });
}

/** Most gates are shown, as they are in real courses, and as reasons need them. */
const shown = fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) });

interface Root {
  op: string;
  c: object[];
  showc?: boolean[];
  show?: boolean;
}

function rootOf(op: string, children: readonly (readonly [object, boolean])[], show: boolean): Root {
  const c = children.map(([child]) => child);
  const isEach = op === "&" || op === "!|";
  return isEach ? { op, c, showc: children.map(([, flag]) => flag) } : { op, c, show };
}

/** The tree with something odd in it, beside the others or within a set of its own. */
function withOdd({ op, c, showc, show }: Root, odd: object, place: number, flag: boolean): Root {
  const at = place % (c.length + 1);
  const one = place % 2 === 0 ? odd : { op: OPERATORS[place % OPERATORS.length], c: [odd] };
  const children = c.toSpliced(at, 0, one);
  if (showc !== undefined) return { op, c: children, showc: showc.toSpliced(at, 0, flag) };
  return { op, c: children, ...(show === undefined ? {} : { show }) };
}

function withoutUndefined(record: object): object {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}
