/** Why a function refuses its arguments. The execution adds where it was called. */
export class GoFault extends Error {
  override readonly name = 'GoFault'
}
