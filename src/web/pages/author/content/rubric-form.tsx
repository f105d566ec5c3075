import { Typed } from "./key-form.tsx";
import {
  type ContentPart,
  freshId,
  localized,
  numberOf,
  objectOf,
  objects,
  type TextLanguage,
  textOf,
  withText,
} from "./question-model.ts";
import { useContentWords } from "./words.ts";

const MAX_CRITERIA = 20;

/** How a person judges: criteria with points. Levels, which only JSON shows, are kept. */
export function RubricForm(props: {
  part: ContentPart;
  language: TextLanguage;
  onChange: (part: ContentPart) => void;
}) {
  const { part, language, onChange } = props;
  const words = useContentWords();
  const criteria = objects(objectOf(part.rubric).criteria);
  const set = (next: object[]) => {
    const { rubric: _before, ...rest } = part;
    onChange(next.length === 0 ? rest : { ...rest, rubric: { ...objectOf(part.rubric), criteria: next } });
  };
  return (
    <fieldset className="content-options">
      <legend>{words.rubric}</legend>
      <p className="fine">{words.rubricHint}</p>
      {criteria.map((criterion, index) => (
        <div key={textOf(criterion.id) || index} className="content-option">
          <Typed
            label={words.criterion(index + 1)}
            value={localized(criterion.title, language)}
            onChange={(text) => {
              const title = withText(criterion.title, language, text);
              if (title !== null) set(criteria.with(index, { ...criterion, title }));
            }}
          />
          <Typed
            label={words.points(index + 1)}
            value={String(numberOf(criterion.points) ?? "")}
            onChange={(text) => {
              const points = Number(text);
              if (text.trim() !== "" && points >= 0 && points <= 1_000)
                set(criteria.with(index, { ...criterion, points }));
            }}
          />
          {objects(criterion.levels).length === 0 ? null : <span className="fine">{words.levelsKept}</span>}
          <button
            type="button"
            className="button is-small is-quiet"
            aria-label={words.removeCriterion(index + 1)}
            onClick={() => set(criteria.toSpliced(index, 1))}
          >
            ✕
          </button>
        </div>
      ))}
      {criteria.length >= MAX_CRITERIA ? null : (
        <button
          type="button"
          className="button is-small"
          onClick={() => {
            const id = freshId(criteria.map((criterion) => textOf(criterion.id)));
            set([...criteria, { id, title: { [language]: words.criterion(criteria.length + 1) }, points: 10 }]);
          }}
        >
          {words.addCriterion}
        </button>
      )}
    </fieldset>
  );
}
