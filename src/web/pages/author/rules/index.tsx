import { useEffect, useMemo, useRef, useState } from "react";
import { ruleSchema } from "../../../../unlock/index.ts";
import { formatInstant, useLanguage } from "../../../i18n/index.ts";
import { useKeptText } from "../../../lib/use-kept-text.ts";
import { BuildingContext, firstItem } from "./builder.tsx";
import { ClassPreview } from "./class-preview.tsx";
import { cohortsIn, itemsOf, notToBeAsked } from "./document.ts";
import { MadeUpLearners } from "./made-up.tsx";
import { freshLeaf } from "./model.ts";
import { Part } from "./part.tsx";
import { sentenceOf } from "./sentence.ts";
import { useRuleWords } from "./words/index.ts";

interface RuleFieldProps {
  /** The rule in the document; null or absent: open from the start. */
  value: unknown;
  onChange: (next: unknown) => void;
  /** The whole draft. */
  course: unknown;
  /** The id of the rule's item. */
  item: string;
  /** `keeps` of the item, if the surrounding form does not have this field itself. */
  keeps?: boolean | undefined;
  onKeeps?: (keeps: boolean | undefined) => void;
}

/**
 * Builds a rule as a sentence, and shows at once for whom it opens. Parts that cannot be shown stay unchanged.
 */
export function RuleField({ value, onChange, course, item, keeps, onKeeps }: RuleFieldProps) {
  const words = useRuleWords();
  const language = useLanguage();
  const items = useMemo(() => itemsOf(course, language), [course, language]);
  const building = useMemo(
    () => ({
      items,
      barred: notToBeAsked(items, item),
      cohorts: cohortsIn(course),
      slug: item.slice(0, item.indexOf(".")),
    }),
    [items, item, course],
  );
  const titles = useMemo(() => new Map(items.map(({ id, title }) => [id, title])), [items]);
  const rule = value ?? null;
  const sentence =
    rule === null
      ? words.always
      : sentenceOf(rule, {
          words,
          titleOf: (id) => titles.get(id) ?? words.gone(id),
          instant: (text) => (Number.isNaN(Date.parse(text)) ? text : formatInstant(text, language)),
        });
  const begin = () => {
    const first = firstItem(building);
    onChange({ all: [first === "" ? freshLeaf("after_enrollment", "", "") : freshLeaf("completed", first, "")] });
  };
  return (
    <BuildingContext value={building}>
      <div className="rule-field" data-rule-of={item}>
        <div className="rule-builder">
          <p className="rule-said" role="status">
            {sentence}
          </p>
          {rule === null ? (
            <button type="button" className="button is-small" onClick={begin}>
              {words.addFirst}
            </button>
          ) : (
            <Part rule={rule} depth={0} onChange={onChange} onRemove={() => onChange(null)} />
          )}
          {onKeeps === undefined ? null : (
            <label className="field">
              <span>{words.keeps}</span>
              <select
                value={keeps === undefined ? "" : String(keeps)}
                onChange={({ target }) => onKeeps(target.value === "" ? undefined : target.value === "true")}
              >
                <option value="">{words.keepsCourse}</option>
                <option value="true">{words.keepsYes}</option>
                <option value="false">{words.keepsNo}</option>
              </select>
            </label>
          )}
          <RuleJson key={item} item={item} rule={rule} onChange={onChange} />
        </div>
        <aside className="rule-preview" aria-label={words.preview.title}>
          <MadeUpLearners course={course} item={item} rule={rule} />
          <ClassPreview course={course} item={item} rule={rule} />
        </aside>
      </div>
    </BuildingContext>
  );
}

/**
 * The same rule as JSON, in both directions. Text that is not a rule stays in the field, also after a reload, and
 * changes nothing.
 */
function RuleJson({ item, rule, onChange }: { item: string; rule: unknown; onChange: (next: unknown) => void }) {
  const words = useRuleWords();
  const [typed, setTyped] = useKeptText(`rule ${item}`);
  const [wasKept] = useState(typed !== null);
  const [isBad, setIsBad] = useState(false);
  const shown = useRef(rule);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another rule is shown as it is.
  useEffect(() => {
    if (rule === shown.current) return;
    shown.current = rule;
    setTyped(null);
    setIsBad(false);
  }, [rule]);
  const use = () => {
    if (typed === null) return;
    try {
      const next: unknown = JSON.parse(typed);
      if (next !== null && !ruleSchema.safeParse(next).success) throw new Error("not a rule");
      setTyped(null);
      setIsBad(false);
      onChange(next);
    } catch {
      setIsBad(true);
    }
  };
  return (
    <details className="rule-json" open={wasKept || undefined}>
      <summary>{words.asJson}</summary>
      <textarea
        aria-label={words.asJson}
        rows={8}
        spellCheck={false}
        value={typed ?? JSON.stringify(rule, null, 2)}
        onChange={(event) => setTyped(event.target.value)}
      />
      <p role="alert">{isBad ? words.jsonBad : null}</p>
      <button type="button" className="button is-small" aria-disabled={typed === null} onClick={use}>
        {words.apply}
      </button>
    </details>
  );
}
