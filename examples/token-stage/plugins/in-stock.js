import { defineModifier, items } from 'sluice/plugin'

/** Leaves out products that are sold out. One product at a time is in memory. */
export const ModifierRegisterer = defineModifier({
  name: 'in-stock',
  needs: 'stream',
  create: () => ({
    response(response) {
      response.body.tokens(items('products', product => (product.stock > 0 ? product : undefined)))
    }
  })
})
