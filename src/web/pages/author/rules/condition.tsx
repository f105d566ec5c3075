import { useId } from "react";
import { PROFILE_OPS, type Rule, ruleSchema } from "../../../../unlock/index.ts";
import { firstItem, useBuilding } from "./builder.tsx";
import { InstantInput, NumberInput, RangeInput, StatesInput } from "./inputs.tsx";
import { ItemList, ItemSelect } from "./item-select.tsx";
import { freshLeaf, isOfItem, itemOf, type Leaf, type LeafOperator, OF_ELSE, OF_ITEM } from "./model.ts";
import { useRuleWords } from "./words/index.ts";

interface ConditionProps {
  operator: LeafOperator;
  leaf: Leaf;
  onChange: (rule: Rule) => void;
}

const POINTS = 1_000_000_000;
const MAX_DAYS = 3_650;

/** One condition, in the order of a sentence: its subject, what is asked, and how much. */
export function Condition({ operator, leaf, onChange }: ConditionProps) {
  const words = useRuleWords();
  const building = useBuilding();
  const item = itemOf(leaf) ?? firstItem(building);
  if (operator === "missing" && "missing" in leaf) {
    return (
      <span className="rule-sentence">
        <span>{words.say.missing(leaf.missing.name)}</span> <span className="fine">{words.missing}</span>
      </span>
    );
  }
  const choose = (next: string) => {
    const chosen = [...OF_ITEM, ...OF_ELSE].find((each) => each === next);
    if (chosen !== undefined) onChange(freshLeaf(chosen, item, ""));
  };
  return (
    <span className="rule-sentence">
      {isOfItem(operator) ? (
        <ItemSelect value={item} label={words.item} onChange={(id) => onChange(withItem(leaf, id))} />
      ) : null}
      <select aria-label={words.about} value={operator} onChange={(event) => choose(event.target.value)}>
        {firstItem(building) === "" && !isOfItem(operator) ? null : (
          <optgroup label={words.item}>
            {OF_ITEM.map((each) => (
              <option key={each} value={each}>
                {words.operator[each]}
              </option>
            ))}
          </optgroup>
        )}
        <optgroup label="…">
          {OF_ELSE.filter((each) => item !== "" || (each !== "average" && each !== "progress")).map((each) => (
            <option key={each} value={each}>
              {words.operator[each]}
            </option>
          ))}
        </optgroup>
      </select>
      <Operand leaf={leaf} onChange={onChange} />
    </span>
  );
}

/** The same condition about another item. */
function withItem(leaf: Leaf, id: string): Rule {
  if ("completed" in leaf) return { completed: id };
  if ("attempted" in leaf) return { attempted: id };
  if ("viewed" in leaf) return { viewed: id };
  if ("submitted" in leaf) return { submitted: id };
  if ("score" in leaf) return { score: { ...leaf.score, item: id } };
  if ("points" in leaf) return { points: { ...leaf.points, item: id } };
  if ("state" in leaf) return { state: { ...leaf.state, item: id } };
  if ("after" in leaf) return { after: { ...leaf.after, item: id } };
  return leaf;
}

function Operand({ leaf, onChange }: { leaf: Leaf; onChange: (rule: Rule) => void }) {
  const words = useRuleWords();
  if ("score" in leaf) {
    return <RangeInput value={leaf.score} unit="%" min={0} max={100} onChange={(score) => onChange({ score })} />;
  }
  if ("points" in leaf) {
    return (
      <RangeInput value={leaf.points} unit="" min={-POINTS} max={POINTS} onChange={(points) => onChange({ points })} />
    );
  }
  if ("total" in leaf) {
    return <RangeInput value={leaf.total} unit="%" min={0} max={100} onChange={(total) => onChange({ total })} />;
  }
  if ("state" in leaf) {
    return <StatesInput value={leaf.state.is} onChange={(is) => onChange({ state: { ...leaf.state, is } })} />;
  }
  if ("previous" in leaf) {
    return <StatesInput value={leaf.previous.is} onChange={(is) => onChange({ previous: { is } })} />;
  }
  if ("after" in leaf) {
    return <Days value={leaf.after.days} onChange={(days) => onChange({ after: { ...leaf.after, days } })} />;
  }
  if ("after_enrollment" in leaf) {
    return <Days value={leaf.after_enrollment.days} onChange={(days) => onChange({ after_enrollment: { days } })} />;
  }
  if ("from" in leaf) {
    return <InstantInput value={leaf.from} label={words.when} onChange={(from) => onChange({ from })} />;
  }
  if ("until" in leaf) {
    return <InstantInput value={leaf.until} label={words.when} onChange={(until) => onChange({ until })} />;
  }
  if ("progress" in leaf) {
    const { of, min_percent } = leaf.progress;
    // A chapter name means all its items. A list with a single item has another meaning, and stays a list.
    const change = (ids: string[]) =>
      onChange({ progress: { of: typeof of === "string" && ids.length === 1 ? (ids[0] ?? of) : ids, min_percent } });
    return (
      <>
        <NumberInput
          label={words.percent}
          value={min_percent}
          min={0}
          max={100}
          onChange={(percent) => onChange({ progress: { of, min_percent: percent ?? min_percent } })}
        />
        <span>%{words.of}</span>
        {typeof of === "string" ? (
          <ItemSelect
            value={of}
            label={words.item}
            onChange={(id) => onChange({ progress: { of: id, min_percent } })}
          />
        ) : null}
        <ItemList value={[of].flat()} onChange={change} />
      </>
    );
  }
  if ("average" in leaf) {
    const { average } = leaf;
    return (
      <>
        <ItemList value={average.of} onChange={(of) => onChange({ average: { ...average, of } })} />
        <RangeInput value={average} unit="%" min={0} max={100} onChange={(next) => onChange({ average: next })} />
      </>
    );
  }
  if ("cohort" in leaf) return <CohortOperand cohort={leaf.cohort} onChange={onChange} />;
  if ("profile" in leaf) {
    const { field, op, value } = leaf.profile;
    const say = (next: { field: string; op: typeof op; value: string }) => {
      const takesNone = next.op === "is_empty" || next.op === "is_not_empty";
      const { value: text, ...rest } = next;
      onChange({ profile: takesNone ? rest : { ...rest, value: text } });
    };
    return (
      <>
        <input
          aria-label={words.field}
          value={field}
          maxLength={100}
          onChange={(event) => say({ field: event.target.value || field, op, value: value ?? "" })}
        />
        <select
          aria-label={words.about}
          value={op}
          onChange={(event) =>
            say({ field, op: PROFILE_OPS.find((each) => each === event.target.value) ?? op, value: value ?? "" })
          }
        >
          {PROFILE_OPS.map((each) => (
            <option key={each} value={each}>
              {words.profile[each]}
            </option>
          ))}
        </select>
        {value === undefined ? null : (
          <input
            aria-label={words.value}
            value={value}
            maxLength={1_000}
            onChange={(event) => say({ field, op, value: event.target.value })}
          />
        )}
      </>
    );
  }
  if ("course_completed" in leaf) {
    return (
      <input
        // The typed text is used when the field is left, because half a name is no name.
        key={leaf.course_completed}
        aria-label={words.course}
        defaultValue={leaf.course_completed}
        maxLength={100}
        spellCheck={false}
        autoCapitalize="off"
        onBlur={(event) => {
          const rule = { course_completed: event.target.value.trim() };
          if (ruleSchema.safeParse(rule).success) onChange(rule);
          else event.target.value = leaf.course_completed;
        }}
      />
    );
  }
  return null;
}

function Days({ value, onChange }: { value: number; onChange: (days: number) => void }) {
  const words = useRuleWords();
  return (
    <>
      <NumberInput
        label={words.days}
        value={value}
        min={0}
        max={MAX_DAYS}
        onChange={(days) => onChange(days ?? value)}
      />
      <span>{words.days}</span>
    </>
  );
}

type Cohort = Extract<Rule, { cohort: unknown }>["cohort"];

/** The allowed names of cohorts. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;

function CohortOperand({ cohort, onChange }: { cohort: Cohort; onChange: (rule: Rule) => void }) {
  const words = useRuleWords();
  const { cohorts } = useBuilding();
  const id = useId();
  const mode = typeof cohort === "string" ? "one" : "any" in cohort ? "any" : "some";
  const names = typeof cohort === "string" ? [cohort] : "any" in cohort ? [] : cohort.any_of;
  const [first = cohorts[0] ?? "group-1"] = names;
  const choose = (next: string) => {
    if (next === "any") onChange({ cohort: { any: true } });
    else if (next === "some") onChange({ cohort: { any_of: names.length === 0 ? [first] : [...names] } });
    else onChange({ cohort: first });
  };
  return (
    <>
      <select aria-label={words.cohort} value={mode} onChange={(event) => choose(event.target.value)}>
        <option value="one">{words.cohortOne}</option>
        <option value="some">{words.cohortSome}</option>
        <option value="any">{words.cohortAny}</option>
      </select>
      {mode === "any" ? null : (
        <input
          // The typed text becomes a name when the field is left, so that a comma can be typed.
          key={names.join(",")}
          aria-label={mode === "one" ? words.cohort : words.cohortNames}
          defaultValue={names.join(", ")}
          list={id}
          spellCheck={false}
          autoCapitalize="off"
          onBlur={(event) => {
            const typed = event.target.value.split(",").map((name) => name.trim().toLowerCase());
            const valid = [...new Set(typed.filter((name) => NAME.test(name)))];
            const [only] = valid;
            if (only === undefined) event.target.value = names.join(", ");
            else onChange({ cohort: mode === "one" ? only : { any_of: valid } });
          }}
        />
      )}
      <datalist id={id}>
        {cohorts.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}
