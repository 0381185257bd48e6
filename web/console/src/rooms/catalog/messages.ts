import type { RoomMessages } from '../../app/i18n'

const messages: RoomMessages = {
  zh: {
    title: '商品', add: '发布商品', search: '商品名称', product: '商品', price: '售价', skus: '规格', role: '角色', status: '状态', updated: '更新时间', skuCount: '{count} 个规格',
    categories: '分类', category: '分类', noCategory: '未分类', allCategories: '全部分类', allRoles: '全部角色', sort: '排序',
    sorts: { default: '默认排序', newest: '最新发布', price_asc: '价格从低到高', price_desc: '价格从高到低' },
    statuses: { all: '全部', on_shelf: '出售中', off_shelf: '已下架', draft: '草稿' },
    roles: { regular: '常规品', traffic: '引流品', profit: '利润品', repeat: '复购品' },
    roleHints: { regular: '没有特别用途', traffic: '带来新粉丝, 可以不赚钱', profit: '赚取主要利润', repeat: '用完会再买' },
    empty: '还没有商品', emptyHint: '发布第一件商品, 粉丝就可以在商城里下单。', shelve: '上架', unshelve: '下架', shelved: '已上架, 粉丝现在可以购买', unshelved: '已下架, 已有订单不受影响', editStock: '库存',
    newTitle: '发布商品', editTitle: '编辑商品', basic: '基本信息', name: '商品名称', namePlaceholder: '品牌 + 品名 + 规格, 粉丝一眼看懂', subtitle: '卖点', subtitlePlaceholder: '一句话说清为什么值得买', position: '排序值', positionHint: '越大越靠前', limit: '每人限购', limitHint: '留空不限购; 按商品累计, 所有规格合计', pieces: '件',
    images: '商品图片', imagesHint: '第一张是封面。最多 15 张, JPG、PNG、WebP 或 GIF, 单张不超过 10 MB。', addImage: '添加图片', removeImage: '移除图片', moveLeft: '前移', moveRight: '后移', cover: '封面', uploading: '正在上传…', tooBig: '「{name}」超过 10 MB, 没有上传', dropImage: '图片 {index}',
    specs: '规格与价格', addSpec: '添加规格', specName: '规格名', specNamePlaceholder: '如 颜色、净含量', specValue: '规格值', addValue: '输入后按回车添加', removeSpec: '删除规格', removeValue: '删除 {value}', specsHint: '最多 3 个规格。没有规格时, 商品只有一个价格。', tooMany: '规格组合不能超过 600 个, 现在是 {count} 个',
    salePrice: '售价', marketPrice: '划线价', costPrice: '成本价', code: '编码', picture: '图', batch: '批量填写', apply: '填入全部', costHint: '成本价只有员工可见, 用于核算毛利', marginWarn: '售价低于成本', priceNeeded: '请填写售价', specIncomplete: '请填写规格名, 并至少添加一个值', valueTwice: '规格值「{value}」重复', valueAll: '全部',
    detail: '商品详情', bold: '加粗', heading: '小标题', paragraph: '正文', list: '列表', insertImage: '插入图片', detailPlaceholder: '写下成分、用法、故事…',
    preview: '手机预览', andUp: '起', previewPage: '商品详情', buy: '立即购买', cart: '加入购物车', choose: '选择', noImage: '还没有图片', save: '保存', saveShelf: '保存并上架', nameNeeded: '请填写商品名称', fix: '还有 {count} 处需要修改', versionGone: '别人刚刚修改了这件商品', reload: '载入最新版本', readonly: '您没有编辑商品的权限, 只能查看。',
    manageCategories: '管理分类', newCategory: '新分类名称', categoryShown: '在商城显示', categoryParent: '上级分类', topLevel: '顶级', deleteCategory: '删除分类', deleteCategoryAsk: '分类「{name}」将被删除。', categoryEmpty: '还没有分类', categoryHint: '分类帮助粉丝在商城里找到商品, 最多三级。', savedAt: '上次保存 {time}',
  },
  en: {
    title: 'Goods', add: 'New product', search: 'Product name', product: 'Product', price: 'Price', skus: 'Variants', role: 'Role', status: 'Status', updated: 'Updated', skuCount: '{count} variants',
    categories: 'Categories', category: 'Category', noCategory: 'None', allCategories: 'All categories', allRoles: 'All roles', sort: 'Order',
    sorts: { default: 'Own order', newest: 'Newest', price_asc: 'Price, low to high', price_desc: 'Price, high to low' },
    statuses: { all: 'All', on_shelf: 'On sale', off_shelf: 'Off shelf', draft: 'Draft' },
    roles: { regular: 'Regular', traffic: 'Traffic', profit: 'Profit', repeat: 'Repeat' },
    roleHints: { regular: 'No special part', traffic: 'Brings new fans, may earn nothing', profit: 'Earns the margin', repeat: 'Is used up and bought again' },
    empty: 'No products yet', emptyHint: 'Publish the first one and fans can order in the shop.', shelve: 'Put on sale', unshelve: 'Take off shelf', shelved: 'On sale: fans can buy it now', unshelved: 'Off the shelf; existing orders are untouched', editStock: 'Stock',
    newTitle: 'New product', editTitle: 'Edit product', basic: 'Basics', name: 'Product name', namePlaceholder: 'Brand, what it is and size, understood at a glance', subtitle: 'Selling point', subtitlePlaceholder: 'In one sentence, why it is worth buying', position: 'Sort value', positionHint: 'Higher comes first', limit: 'Limit per fan', limitHint: 'Empty for none; counted over all variants and orders', pieces: 'pcs',
    images: 'Pictures', imagesHint: 'The first is the cover. Up to 15; JPG, PNG, WebP or GIF, 10 MB each.', addImage: 'Add pictures', removeImage: 'Remove picture', moveLeft: 'Move forward', moveRight: 'Move back', cover: 'Cover', uploading: 'Uploading…', tooBig: '“{name}” is over 10 MB and was not uploaded', dropImage: 'Picture {index}',
    specs: 'Variants and prices', addSpec: 'Add a property', specName: 'Property', specNamePlaceholder: 'e.g. Colour, Volume', specValue: 'Values', addValue: 'Type and press Enter', removeSpec: 'Remove property', removeValue: 'Remove {value}', specsHint: 'Up to three properties. Without any, the product has one price.', tooMany: 'At most 600 variants; there are {count} now',
    salePrice: 'Price', marketPrice: 'Struck price', costPrice: 'Cost', code: 'Code', picture: 'Pic', batch: 'Fill all', apply: 'Fill in', costHint: 'Only staff see the cost; margins are reckoned with it', marginWarn: 'Below cost', priceNeeded: 'Enter a price', specIncomplete: 'Name the property and add at least one value', valueTwice: 'The value “{value}” is there twice', valueAll: 'All',
    detail: 'Details', bold: 'Bold', heading: 'Heading', paragraph: 'Text', list: 'List', insertImage: 'Insert picture', detailPlaceholder: 'Ingredients, how to use, the story…',
    preview: 'Phone preview', andUp: 'and up', previewPage: 'Product', buy: 'Buy now', cart: 'Add to cart', choose: 'Choose', noImage: 'No picture yet', save: 'Save', saveShelf: 'Save and put on sale', nameNeeded: 'Enter the product’s name', fix: '{count} things to fix', versionGone: 'Somebody has just changed this product', reload: 'Load the latest', readonly: 'You may look but not edit goods.',
    manageCategories: 'Manage categories', newCategory: 'New category', categoryShown: 'Shown in the shop', categoryParent: 'Under', topLevel: 'Top level', deleteCategory: 'Delete category', deleteCategoryAsk: 'The category “{name}” will be deleted.', categoryEmpty: 'No categories yet', categoryHint: 'Categories help fans find goods in the shop; up to three levels.', savedAt: 'Last saved {time}',
  },
}

export default messages
