import { useId, useState } from "react";
import { useLanguage } from "../../../i18n/index.ts";
import { isChapter } from "../rules/document.ts";
import { QuestionForm } from "./question-form.tsx";
import { type ContentPart, localized, type TextLanguage, withText } from "./question-model.ts";
import { TextArea } from "./text-area.tsx";
import { useContentWords } from "./words.ts";

interface ContentFieldProps {
  /**
   * The item in the document, or only its `content`, `question`, `answer` and `rubric`; other fields are passed on
   * unchanged.
   */
  value: ContentPart;
  onChange: (next: ContentPart) => void;
  /** The whole draft. */
  course: unknown;
  /** The id of the item. */
  item: string;
}

const LANGUAGES: readonly TextLanguage[] = ["en", "zh"];

/**
 * The content of an item: its text in both languages with a live preview and, for a problem, its question and how it is
 * judged.
 */
export function ContentField({ value, onChange, course, item }: ContentFieldProps) {
  const words = useContentWords();
  const own = useLanguage();
  const name = useId();
  const other = own === "en" ? "zh" : "en";
  // Existing content is shown first.
  const isElsewhere = localized(value.content, own) === "" && localized(value.content, other) !== "";
  const [language, setLanguage] = useState<TextLanguage>(isElsewhere ? other : own);
  return (
    <div className="content-field" data-content-of={item}>
      <fieldset className="segments">
        <legend className="visually-hidden">{words.language}</legend>
        {LANGUAGES.map((each) => (
          <label key={each}>
            <input
              type="radio"
              name={`${name}-language`}
              checked={language === each}
              onChange={() => setLanguage(each)}
            />
            <span>{words[each]}</span>
          </label>
        ))}
      </fieldset>
      <TextArea
        key={`${item} ${language}`}
        value={localized(value.content, language)}
        item={item}
        onChange={(text) => onChange({ ...value, content: withText(value.content, language, text) })}
      />
      {isChapter(course, item) ? null : <QuestionForm part={value} language={language} onChange={onChange} />}
    </div>
  );
}
