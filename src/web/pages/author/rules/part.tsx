import { firstItem, useBuilding } from "./builder.tsx";
import { Condition } from "./condition.tsx";
import { NumberInput } from "./inputs.tsx";
import { freshLeaf, groupOf, nodeOf } from "./model.ts";
import { useRuleWords } from "./words/index.ts";

export interface PartProps {
  rule: unknown;
  onChange: (rule: unknown) => void;
  onRemove: () => void;
  /** The place of the part among its neighbours; absent at the top. */
  place?: { index: number; count: number; move: (to: number) => void };
  depth: number;
}

/** The engine accepts sixteen levels; a few are left for wrappers. */
const MAX_DEPTH = 12;

/** One part of a rule: a condition, a group, a `not` or `hide`, or a part that can only be kept. */
export function Part({ rule, onChange, onRemove, place, depth }: PartProps) {
  const words = useRuleWords();
  const node = nodeOf(rule);
  const tools = <Tools rule={rule} onChange={onChange} onRemove={onRemove} place={place} />;
  if (node.kind === "unknown" || depth > MAX_DEPTH) {
    return (
      <div className="rule-part is-unknown" data-part="unknown">
        <p className="fine">{words.unknown}</p>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what is wide scrolls, so the keyboard must reach it. */}
        <pre tabIndex={0}>{JSON.stringify(rule, null, 2)}</pre>
        {tools}
      </div>
    );
  }
  if (node.kind === "wrapped") {
    const isNot = node.operator === "not";
    return (
      <div className="rule-part is-wrapped" data-part={node.operator}>
        <p className="rule-line">
          <strong>{isNot ? words.not : words.hideWhile}</strong>
          <button type="button" className="button is-small is-quiet" onClick={() => onChange(node.part)}>
            {isNot ? words.unwrapNot : words.unwrapHide}
          </button>
        </p>
        <Part
          rule={node.part}
          depth={depth + 1}
          onChange={(part) => onChange({ [node.operator]: part })}
          onRemove={onRemove}
          {...(place === undefined ? {} : { place })}
        />
      </div>
    );
  }
  if (node.kind === "leaf") {
    return (
      <div className="rule-part is-leaf" data-part={node.operator}>
        <Condition operator={node.operator} leaf={node.leaf} onChange={onChange} />
        {tools}
      </div>
    );
  }
  return <Group rule={rule} node={node} depth={depth} onChange={onChange} tools={tools} />;
}

function Group(props: {
  rule: unknown;
  node: Extract<ReturnType<typeof nodeOf>, { kind: "group" }>;
  depth: number;
  onChange: (rule: unknown) => void;
  tools: React.ReactNode;
}) {
  const { node, depth, onChange, tools } = props;
  const { operator, parts, count } = node;
  const words = useRuleWords();
  const building = useBuilding();
  const change = (next: unknown[]) => onChange(groupOf(operator, next, count));
  const fresh = () => {
    const item = firstItem(building);
    return item === "" ? freshLeaf("after_enrollment", item, "") : freshLeaf("completed", item, "");
  };
  return (
    <fieldset className="rule-part is-group" data-part={operator}>
      <legend className="visually-hidden">{words.group[operator]}</legend>
      <p className="rule-line">
        <select
          aria-label={words.about}
          value={operator}
          onChange={(event) => {
            const next = (["all", "any", "at_least"] as const).find((each) => each === event.target.value);
            if (next !== undefined) onChange(groupOf(next, parts, count));
          }}
        >
          {(["all", "any", "at_least"] as const).map((each) => (
            <option key={each} value={each}>
              {words.group[each]}
            </option>
          ))}
        </select>
        {operator === "at_least" ? (
          <NumberInput
            label={words.count}
            value={count}
            min={0}
            max={Math.max(1, parts.length)}
            isWhole
            onChange={(next) => onChange({ at_least: { count: next ?? count, of: parts } })}
          />
        ) : null}
        {tools}
      </p>
      <ul className="rule-parts">
        {parts.map((part, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts have no names, and two may be alike.
          <li key={index}>
            <Part
              rule={part}
              depth={depth + 1}
              onChange={(next) => change(parts.with(index, next))}
              onRemove={() => change(parts.toSpliced(index, 1))}
              place={{
                index,
                count: parts.length,
                move: (to) => change(parts.toSpliced(index, 1).toSpliced(to, 0, part)),
              }}
            />
          </li>
        ))}
      </ul>
      <p className="actions">
        <button type="button" className="button is-small" onClick={() => change([...parts, fresh()])}>
          {words.add}
        </button>
        {depth >= MAX_DEPTH ? null : (
          <button
            type="button"
            className="button is-small is-quiet"
            onClick={() => change([...parts, { any: [fresh()] }])}
          >
            {words.addGroup}
          </button>
        )}
      </p>
    </fieldset>
  );
}

/** The actions for a part as a whole. */
function Tools(props: Pick<PartProps, "rule" | "onChange" | "onRemove"> & { place: PartProps["place"] }) {
  const { rule, onChange, onRemove, place } = props;
  const words = useRuleWords();
  return (
    <span className="rule-tools">
      {place === undefined || place.count < 2 ? null : (
        <>
          <button
            type="button"
            className="button is-small is-quiet"
            aria-label={words.up}
            aria-disabled={place.index === 0}
            onClick={() => place.index > 0 && place.move(place.index - 1)}
          >
            ↑
          </button>
          <button
            type="button"
            className="button is-small is-quiet"
            aria-label={words.down}
            aria-disabled={place.index === place.count - 1}
            onClick={() => place.index < place.count - 1 && place.move(place.index + 1)}
          >
            ↓
          </button>
        </>
      )}
      <button type="button" className="button is-small is-quiet" onClick={() => onChange({ not: rule })}>
        {words.negate}
      </button>
      <button type="button" className="button is-small is-quiet" onClick={() => onChange({ hide: rule })}>
        {words.hide}
      </button>
      <button type="button" className="button is-small is-quiet" onClick={onRemove}>
        {words.remove}
      </button>
    </span>
  );
}
