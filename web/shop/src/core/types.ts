/** The server's own types, under the names the shop speaks of them. */
import type { Schema } from '@tiefen/client'

export type Home = Schema<'ShopHome'>
export type Category = Schema<'CategoryOut'>
export type ProductRow = Schema<'ShopProductRow'>
export type Product = Schema<'ShopProduct'>
export type Sku = Schema<'ShopSku'>
export type Review = Schema<'ReviewOut'>
export type Given = Schema<'GivenOut'>
export type LineStars = Schema<'LineStars'>
export type Available = Schema<'AvailableOut'>

export type Fan = Schema<'ShopFan'>
export type FanSession = Schema<'FanSession'>

export type Cart = Schema<'CartOut'>
export type CartFilled = Schema<'CartFilledOut'>
export type AskedField = Schema<'FormFieldOut'>
export type InvoiceWanted = Schema<'InvoiceIn'>
export type Paperwork = Schema<'PaperworkOut'>
export type CartItem = Schema<'CartItemOut'>
export type Region = Schema<'RegionOut'>
export type Address = Schema<'AddressOut'>
export type MyPrivacy = Schema<'MyPrivacy'>
export type FormField = Schema<'FormField'>
export type AddressDraft = Schema<'AddressIn'>
export type Wanted = Schema<'LineIn'>
export type Quote = Schema<'QuoteOut'>
export type Trace = Schema<'TraceOut'>
export type CouponChoice = Schema<'CouponChoiceOut'>
export type ShopCoupon = Schema<'ShopCoupon'>
export type MyCoupon = Schema<'MyCoupon'>
export type MyLevel = Schema<'MyLevelOut'>
export type MyReferral = Schema<'MyReferral'>
export type Landing = Schema<'LandingOut'>
export type Offers = Schema<'ProductOffers'>
export type Placed = Schema<'PlacedOut'>

export type OrderStatus = Schema<'OrderStatus'>
export type OrderRow = Schema<'ShopOrderRow'>
export type Order = Schema<'ShopOrder'>
export type Ticket = Schema<'TicketOut'>
export type Presale = Schema<'AgreedPresale'>
export type OrderLine = Schema<'ShopLineOut'>
export type AfterSale = Schema<'ShopAfterSaleDetail'>
export type AfterSaleRow = Schema<'AfterSaleOut'>
export type AfterSaleKind = Schema<'RefundLinesIn'>['kind']
export type Picture = Schema<'PictureOut'>
export type AfterSaleReason = Schema<'AfterSaleReason'>
export type Piece = Schema<'AfterSalePieceIn'>
export type Refund = Schema<'AfterSaleIn'>
export type RefundPlan = Schema<'RefundPlanOut'>

/** What WeChat needs to open its payment sheet. */
export type PaySheet = Schema<'PaySheetOut'>

/** What a fan shows to be let in. */
export type SignIn = { kind: 'oauth'; code: string; state: string } | { kind: 'mini'; code: string }
