/** Unicode properties by the names of ECMA-262 (`\p{Letter}`, `\p{Script=Greek}`), which RE2 knows by the short ones. */

/** ECMA-262, table of values of General_Category: long name and short name. */
const CATEGORIES: ReadonlyMap<string, string> = new Map(
  `Cased_Letter=LC Close_Punctuation=Pe Connector_Punctuation=Pc Control=Cc cntrl=Cc Currency_Symbol=Sc Dash_Punctuation=Pd
  Decimal_Number=Nd digit=Nd Enclosing_Mark=Me Final_Punctuation=Pf Format=Cf Initial_Punctuation=Pi Letter=L
  Letter_Number=Nl Line_Separator=Zl Lowercase_Letter=Ll Mark=M Combining_Mark=M Math_Symbol=Sm Modifier_Letter=Lm
  Modifier_Symbol=Sk Nonspacing_Mark=Mn Number=N Open_Punctuation=Ps Other=C Other_Letter=Lo Other_Number=No
  Other_Punctuation=Po Other_Symbol=So Paragraph_Separator=Zp Private_Use=Co Punctuation=P punct=P Separator=Z
  Space_Separator=Zs Spacing_Mark=Mc Surrogate=Cs Symbol=S Titlecase_Letter=Lt Unassigned=Cn Uppercase_Letter=Lu`
    .split(/\s+/)
    .map(pair => pair.split('=') as [string, string])
)

/** An escape of one character, or a property. */
const ESCAPE = /\\(?:([pP])\{(?:(?:General_Category|gc|Script|sc)=)?([A-Za-z_]+)\}|.)/gs

/** Writes the properties of a pattern by the names that RE2 knows. */
export function shortPropertyNames(pattern: string): string {
  return pattern.replace(ESCAPE, (text: string, letter: string | undefined, name: string) =>
    letter === undefined ? text : `\\${letter}{${CATEGORIES.get(name) ?? name}}`
  )
}
