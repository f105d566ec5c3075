import {
  type ContentPart,
  freshId,
  localized,
  objectOf,
  optionsOf,
  strings,
  type TextLanguage,
  textOf,
  withOptions,
  withText,
} from "./question-model.ts";
import { useContentWords } from "./words.ts";

interface OptionsFormProps {
  part: ContentPart;
  language: TextLanguage;
  name: string;
  onChange: (part: ContentPart) => void;
}

const MAX_OPTIONS = 20;

/** The options of a question, with the right ones marked; the right order of an ordering is the order here. */
export function OptionsForm({ part, language, name, onChange }: OptionsFormProps) {
  const words = useContentWords();
  const options = optionsOf(part.question);
  const question = objectOf(part.question);
  const key = part.answer === null || part.answer === undefined ? null : objectOf(part.answer);
  const isOrdering = question.kind === "ordering";
  const right = key === null ? [] : key.kind === "choice" ? [textOf(key.option)] : strings(key.options);
  const change = (index: number, text: string) =>
    onChange(
      withOptions(
        part,
        options.with(index, {
          id: options[index]?.id ?? "",
          text: withText(options[index]?.text, language, text) ?? { [language]: "" },
        }),
      ),
    );
  const mark = (id: string, isOn: boolean) => {
    if (key?.kind === "choice") return onChange({ ...part, answer: { ...key, option: id } });
    const next = options.flatMap((option) => ((option.id === id ? isOn : right.includes(option.id)) ? option.id : []));
    if (next.length > 0) onChange({ ...part, answer: { ...key, options: next } });
  };
  const move = (index: number, to: number) => {
    const [option] = options.slice(index, index + 1);
    if (option === undefined || to < 0 || to >= options.length) return;
    onChange(withOptions(part, options.toSpliced(index, 1).toSpliced(to, 0, option)));
  };
  return (
    <fieldset className="content-options">
      <legend>{words.options}</legend>
      {isOrdering && key !== null ? <p className="fine">{words.rightOrder}</p> : null}
      {options.map(({ id, text }, index) => (
        <div key={id} className="content-option" data-option={id}>
          {key === null || isOrdering ? null : (
            <input
              type={key.kind === "choice" ? "radio" : "checkbox"}
              name={`${name}-right`}
              aria-label={words.right(index + 1)}
              checked={right.includes(id)}
              onChange={(event) => mark(id, event.target.checked)}
            />
          )}
          <input
            aria-label={words.optionText(index + 1)}
            value={localized(text, language)}
            maxLength={1_000}
            onChange={(event) => change(index, event.target.value)}
          />
          <button
            type="button"
            className="button is-small is-quiet"
            aria-label={words.moveUp(index + 1)}
            aria-disabled={index === 0}
            onClick={() => move(index, index - 1)}
          >
            ↑
          </button>
          <button
            type="button"
            className="button is-small is-quiet"
            aria-label={words.moveDown(index + 1)}
            aria-disabled={index === options.length - 1}
            onClick={() => move(index, index + 1)}
          >
            ↓
          </button>
          <button
            type="button"
            className="button is-small is-quiet"
            aria-label={words.removeOption(index + 1)}
            aria-disabled={options.length <= 2}
            onClick={() => options.length > 2 && onChange(withOptions(part, options.toSpliced(index, 1)))}
          >
            ✕
          </button>
        </div>
      ))}
      {options.length >= MAX_OPTIONS ? null : (
        <button
          type="button"
          className="button is-small"
          onClick={() => {
            const id = freshId(options.map((option) => option.id));
            onChange(withOptions(part, [...options, { id, text: { [language]: id.toUpperCase() } }]));
          }}
        >
          {words.addOption}
        </button>
      )}
      {isOrdering ? null : (
        <label className="check">
          <input
            type="checkbox"
            checked={question.shuffle === true}
            onChange={(event) => {
              const { shuffle: _before, ...rest } = question;
              onChange({ ...part, question: event.target.checked ? { ...rest, shuffle: true } : rest });
            }}
          />
          <span>{words.shuffle}</span>
        </label>
      )}
      {key === null || key.kind === "choice" ? null : (
        <label className="check">
          <input
            type="checkbox"
            checked={key.partial === true}
            onChange={(event) => {
              const { partial: _before, ...rest } = key;
              onChange({ ...part, answer: event.target.checked ? { ...rest, partial: true } : rest });
            }}
          />
          <span>{words.partial}</span>
        </label>
      )}
    </fieldset>
  );
}
