import { useId } from "react";
import { KeyForm, Typed } from "./key-form.tsx";
import { OptionsForm } from "./options-form.tsx";
import {
  type ContentPart,
  freshKey,
  kindOf,
  numberOf,
  objectOf,
  QUESTION_KINDS,
  strings,
  type TextLanguage,
  withKind,
} from "./question-model.ts";
import { RubricForm } from "./rubric-form.tsx";
import { useContentWords } from "./words.ts";

/** The question of a problem, and how answers are judged: by a key, or by a person with a rubric. */
export function QuestionForm(props: {
  part: ContentPart;
  language: TextLanguage;
  onChange: (part: ContentPart) => void;
}) {
  const { part, language, onChange } = props;
  const words = useContentWords();
  const name = useId();
  const kind = kindOf(part.question);
  const hasKey = part.answer !== null && part.answer !== undefined;
  return (
    <fieldset className="content-question">
      <legend>{words.question}</legend>
      <label className="field">
        <span>{words.kind}</span>
        <select
          value={kind}
          onChange={(event) => {
            const next = QUESTION_KINDS.find((each) => each === event.target.value);
            if (next !== undefined) onChange(withKind(part, next));
          }}
        >
          {QUESTION_KINDS.map((each) => (
            <option key={each} value={each}>
              {words.kinds[each]}
            </option>
          ))}
        </select>
      </label>
      {kind === "file" ? (
        <FileForm part={part} onChange={onChange} />
      ) : (
        <fieldset className="segments">
          <legend>{words.judged}</legend>
          {[true, false].map((byKey) => (
            <label key={String(byKey)}>
              <input
                type="radio"
                name={`${name}-judged`}
                checked={hasKey === byKey}
                onChange={() => onChange({ ...part, answer: byKey ? freshKey(part) : null })}
              />
              <span>{byKey ? words.byKey : words.byHand}</span>
            </label>
          ))}
        </fieldset>
      )}
      {kind === "choice" || kind === "choices" || kind === "ordering" ? (
        <OptionsForm part={part} language={language} name={name} onChange={onChange} />
      ) : hasKey ? (
        <KeyForm part={part} isNumber={kind === "number"} onChange={onChange} />
      ) : null}
      {hasKey ? null : <RubricForm part={part} language={language} onChange={onChange} />}
    </fieldset>
  );
}

const MEGABYTE = 1_000_000;

function FileForm({ part, onChange }: { part: ContentPart; onChange: (part: ContentPart) => void }) {
  const words = useContentWords();
  const question = objectOf(part.question);
  const set = (next: object) => onChange({ ...part, question: { ...question, ...next } });
  return (
    <div className="content-number">
      <Typed
        label={words.maxFiles}
        value={String(numberOf(question.max_files) ?? 1)}
        onChange={(text) => /^(?:[1-9]|10)$/.test(text) && set({ max_files: Number(text) })}
      />
      <Typed
        label={words.maxSize}
        value={String((numberOf(question.max_bytes) ?? 20 * MEGABYTE) / MEGABYTE)}
        onChange={(text) => {
          const bytes = Math.round(Number(text) * MEGABYTE);
          if (text.trim() !== "" && bytes >= 1 && bytes <= 100 * MEGABYTE) set({ max_bytes: bytes });
        }}
      />
      <Typed
        label={words.endings}
        value={strings(question.endings).join(", ")}
        onChange={(text) => {
          const endings = text
            .toLowerCase()
            .split(/[\s,.]+/)
            .filter((each) => /^[a-z0-9]{1,10}$/.test(each));
          const { endings: _before, ...rest } = question;
          onChange({ ...part, question: endings.length === 0 ? rest : { ...rest, endings: endings.slice(0, 20) } });
        }}
      />
    </div>
  );
}
