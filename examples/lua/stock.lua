-- Adds to the products how many pieces of all of them there are.
function add_stock(data)
  local products = data:get('products')
  local pieces = 0
  for i = 0, products:len() - 1 do
    pieces = pieces + products:get(i):get('stock')
  end
  data:set('pieces', pieces)
end
