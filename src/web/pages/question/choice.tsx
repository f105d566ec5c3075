import { useId } from "react";
import type { AskedQuestion } from "../../api/types.ts";
import { useMessages } from "../../i18n/index.ts";
import { Markdown } from "../../parts/markdown.tsx";
import { idsOf } from "./answer.ts";

/** One option, or several: radio buttons or boxes. */
export function ChoiceField(props: { question: AskedQuestion; value: string; onChange: (value: string) => void }) {
  const { question, value, onChange } = props;
  const messages = useMessages();
  const name = useId();
  const isOne = question.kind === "choice";
  const chosen = idsOf(value);
  const toggle = (id: string, isOn: boolean) => {
    if (isOne) onChange(id);
    else
      onChange(
        question.options
          .flatMap(({ id: each }) => ((each === id ? isOn : chosen.includes(each)) ? each : []))
          .join(", "),
      );
  };
  return (
    <fieldset className="options">
      <legend>{isOne ? messages.questionChoice : messages.questionChoices}</legend>
      {question.options.map(({ id, text }) => (
        <label key={id} className="option">
          <input
            type={isOne ? "radio" : "checkbox"}
            name={name}
            value={id}
            checked={chosen.includes(id)}
            onChange={(event) => toggle(id, event.target.checked)}
          />
          <Markdown source={text} />
        </label>
      ))}
    </fieldset>
  );
}
