import { useGradingText } from "../../../i18n/grading.ts";
import { type Criteria, type Draft, type Mark, NO_MARK, pointsOf } from "./draft.ts";

/** Marks by the criteria of a rubric: a level, or points, and a note. */
export function RubricForm(props: {
  criteria: Criteria;
  marks: Draft["marks"];
  onChange: (marks: Draft["marks"]) => void;
}) {
  const { criteria, marks, onChange } = props;
  const gradingText = useGradingText();
  const max = criteria.reduce((sum, { points }) => sum + points, 0);
  const sum = criteria.reduce((all, criterion) => all + (pointsOf(marks[criterion.id] ?? NO_MARK, criterion) ?? 0), 0);
  return (
    <fieldset className="rubric">
      <legend>
        <strong>{gradingText.gradingRubric}</strong> <span className="fine">{gradingText.gradingSum(sum, max)}</span>
      </legend>
      {criteria.map(({ id, title, description, points, levels }) => {
        const mark = marks[id] ?? NO_MARK;
        const change = (part: Partial<Mark>) => onChange({ ...marks, [id]: { ...mark, ...part } });
        return (
          <fieldset key={id} className="criterion" data-criterion={id}>
            <legend>{title}</legend>
            {description === null ? null : <p className="fine">{description}</p>}
            {levels.length === 0 ? null : (
              <div className="segments">
                {levels.map((level) => (
                  <label key={level.id}>
                    <input
                      type="radio"
                      name={`level-${id}`}
                      checked={mark.level === level.id}
                      onChange={() => change({ level: level.id, points: String(level.points) })}
                    />
                    <span>
                      {level.title} · {level.points}
                    </span>
                  </label>
                ))}
              </div>
            )}
            <div className="criterion-rest">
              <label className="field">
                <span>
                  {gradingText.gradingPoints} <span className="fine">{gradingText.gradingOf(points)}</span>
                </span>
                <input
                  inputMode="decimal"
                  value={mark.points}
                  onChange={(event) => change({ points: event.target.value })}
                />
              </label>
              <label className="field">
                <span>{gradingText.gradingNote}</span>
                <input
                  value={mark.comment}
                  maxLength={1_000}
                  onChange={(event) => change({ comment: event.target.value })}
                />
              </label>
            </div>
          </fieldset>
        );
      })}
    </fieldset>
  );
}
