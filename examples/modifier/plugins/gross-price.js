import { optionsOf } from 'sluice/plugin'

/** Adds the price with tax to the response of a backend. */
export const ModifierRegisterer = {
  registerModifiers(register) {
    register('gross-price', (context, extra) => {
      const { percent } = optionsOf(extra, context.name)
      return {
        response: response =>
          response.body.editJson(product => {
            product.gross = Math.round(product.price * (100 + percent)) / 100
          })
      }
    })
  }
}
