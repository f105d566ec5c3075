import type { FieldProps } from "./answer.ts";
import { ChoiceField } from "./choice.tsx";
import { FileField } from "./files.tsx";
import { NumberField } from "./number.tsx";
import { OrderingField } from "./ordering.tsx";
import { TextField } from "./text.tsx";

/** The field in which a question is answered. @param onBusy files are on their way. */
export function AnswerField(props: FieldProps & { onBusy: (isBusy: boolean) => void }) {
  const { question, onBusy, ...rest } = props;
  switch (question?.kind) {
    case "choice":
    case "choices":
      return <ChoiceField question={question} {...rest} />;
    case "ordering":
      return <OrderingField question={question} {...rest} />;
    case "number":
      return <NumberField question={question} {...rest} />;
    case "file":
      return <FileField question={question} onBusy={onBusy} {...rest} />;
    default:
      return <TextField question={question} {...rest} />;
  }
}
